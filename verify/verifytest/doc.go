// Package verifytest has assertions for Go tests, on testify's TestingT: that two
// tensors are close, and that files which were saved from one model are
// consistent.
//
//	got, err := model.Forward(x)
//	require.NoError(t, err)
//	verifytest.AllClose(t, []float32{0.25, 0.75}, got.(*torch.Tensor))
//
//	verifytest.Consistent(t, verify.Spec{
//		Scripted: "model_scripted.pt", State: "model_state.pt", Inputs: []string{"x.npy"},
//	})
//
// They fail as testify's assertions do: the test goes on, and false comes back.
// What they print reads like that of torch.testing.assert_close.
package verifytest
