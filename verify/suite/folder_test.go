package suite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lay makes files, which are empty unless =TEXT follows their name.
func lay(t *testing.T, names ...string) (folder string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "zoo")
	for _, name := range names {
		name, text, _ := strings.Cut(name, "=")
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	}
	return folder
}

func TestFolder(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		want  []string // NAME: FILES | PROBLEM
		notes []string
	}{
		"pairs": {
			[]string{"a_scripted.pt", "a_state.pt", "a_x.npy", "a_expected.npy", "b_scripted.pt", "b_state.pt", "b_input.npy", "b_y.npz"},
			[]string{"a: a_expected.npy a_scripted.pt a_state.pt a_x.npy", "b: b_input.npy b_scripted.pt b_state.pt b_y.npz"}, nil},
		"versions": {
			[]string{"m_v1_scripted.pt", "m_state_v1.pt", "m_v2_scripted.pt", "m_v2_state.pt", "m_x.npy", "m_v2_x.npy"},
			[]string{"m_v1: m_state_v1.pt m_v1_scripted.pt m_x.npy", "m_v2: m_v2_scripted.pt m_v2_state.pt m_v2_x.npy"}, nil},
		"hashes that differ": {
			[]string{"m_scripted_3f2a91c0.pt", "m_state_77e01b2d.pt", "x.npy"},
			[]string{"m: m_scripted_3f2a91c0.pt m_state_77e01b2d.pt x.npy"}, nil},
		"two hashes of one model": {
			[]string{"m_3f2a91c0_scripted.pt", "m_3f2a91c0_state.pt", "m_77e01b2d_scripted.pt", "m_77e01b2d_state.pt", "m_x.npy"},
			[]string{"m_3f2a91c0: m_3f2a91c0_scripted.pt m_3f2a91c0_state.pt m_x.npy", "m_77e01b2d: m_77e01b2d_scripted.pt m_77e01b2d_state.pt m_x.npy"}, nil},
		"a folder for each": {
			[]string{"a/scripted.pt", "a/state.pt", "a/x0.npy", "a/x1.npy", "b/c/traced.pt", "b/c/state.safetensors", "b/c/inputs.npz"},
			[]string{"a: a/scripted.pt a/state.pt a/x0.npy a/x1.npy", "b/c: b/c/inputs.npz b/c/state.safetensors b/c/traced.pt"}, nil},
		"the folder itself": {
			[]string{"scripted.pt", "state.pt", "x.npy"}, []string{"zoo: scripted.pt state.pt x.npy"}, nil},
		"alone in a folder": {
			[]string{"model_scripted.pt", "checkpoint.pt", "model_traced.pt", "x.npy"},
			[]string{"model: checkpoint.pt model_scripted.pt model_traced.pt x.npy"}, nil},
		"halves": {
			[]string{"a_scripted.pt", "b_state.pt", "c_scripted.pt"},
			[]string{"a: a_scripted.pt", "b: b_state.pt", "c: c_scripted.pt"}, nil},
		"no inputs": {
			[]string{"a_scripted.pt", "a_state.pt"}, []string{"a: a_scripted.pt a_state.pt"}, nil},
		"outputs in doubt": {
			[]string{"scripted.pt", "state.pt", "x.npy", "y.npy", "expected.npy"},
			[]string{"zoo: scripted.pt state.pt x.npy | the outputs may be those of expected.npy or of y.npy; keep one, or write a verify.yaml"},
			[]string{"2 files are part of no check: expected.npy, y.npy"}},
		"inputs in doubt": {
			[]string{"scripted.pt", "state.pt", "x.npy", "inputs.npz"},
			[]string{"zoo: inputs.npz scripted.pt state.pt x.npy | the inputs may be those of inputs.npz or of x.npy; keep one, or write a verify.yaml"}, nil},
		"two states": {
			[]string{"m_scripted.pt", "m_state.pt", "m_state.safetensors", "x.npy"},
			[]string{"m: m_scripted.pt m_state.pt m_state.safetensors x.npy"}, nil},
		"described": {
			[]string{"a/verify.yaml=scripted: m.pt\nstate: s.pt\ninputs: x.npy\n", "a/m.pt", "a/s.pt", "a/x.npy", "a/b_scripted.pt", "a/b_state.pt", "c.verify.yaml=state: sub/s.pt\n", "d/verify.yaml=rtol: 1\n"},
			[]string{"c: sub/s.pt", "a: a/m.pt a/s.pt a/x.npy", "a/b: a/b_scripted.pt a/b_state.pt", "d:  | d/verify.yaml: line 1, column 1: unknown key rtol; docs/config.schema.json lists those there are"}, nil},
		"left over": {
			[]string{"a_scripted.pt", "a_state.pt", "x.npy", "resnet.pt", "README.md", ".git/b_scripted.pt", ".hidden_state.pt"},
			[]string{"a: a_scripted.pt a_state.pt x.npy"}, []string{"1 file is part of no check: resnet.pt"}},
		"names that meet": {
			[]string{"a/b_scripted.pt", "a/b_state.pt", "a/b/scripted.pt", "a/b/state.pt"},
			[]string{"a/b: a/b_scripted.pt a/b_state.pt", "a/b (2): a/b/scripted.pt a/b/state.pt"}, nil},
		"names that do not print": {
			[]string{"a\nb_scripted.pt", "a\nb_state.pt"},
			[]string{"a\\nb: a\nb_scripted.pt a\nb_state.pt"}, []string{`the check a\nb has another name than its files: the name "a\nb" has characters that can't be printed`}},
	} {
		t.Run(name, func(t *testing.T) {
			folder := lay(t, c.files...)
			s, err := Load(folder)
			require.NoError(t, err)
			assert.Equal(t, "zoo", s.Name)
			strip := strings.NewReplacer(folder+"/", "")
			var got []string
			for _, check := range s.Checks {
				text := check.Name + ": " + strings.Join(check.Files(), " ")
				if check.Problem != "" {
					text += " | " + check.Problem
				}
				got = append(got, strip.Replace(text))
			}
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.notes, s.Notes)
		})
	}
}

func TestFolderWithNothing(t *testing.T) {
	_, err := Load(lay(t, "README.md"))
	assert.ErrorContains(t, err, "holds no pair of m_scripted.pt and m_state.pt")
	_, err = Load("nowhere")
	assert.ErrorContains(t, err, "nowhere cannot be read: no such file or directory; name a suite.yaml")
}

// Links to files are followed, since caches keep models behind them; links to folders
// may lead in circles.
func TestFolderWithLinks(t *testing.T) {
	folder := lay(t, "blobs/one", "blobs/two")
	require.NoError(t, os.Symlink("blobs/one", filepath.Join(folder, "m_scripted.pt")))
	require.NoError(t, os.Symlink("blobs/two", filepath.Join(folder, "m_state.pt")))
	require.NoError(t, os.Symlink(".", filepath.Join(folder, "circle")))
	require.NoError(t, os.Symlink("gone", filepath.Join(folder, "n_scripted.pt")))
	s, err := Load(folder)
	require.NoError(t, err)
	require.Len(t, s.Checks, 1)
	assert.Equal(t, "m", s.Checks[0].Name)
	assert.Len(t, s.Notes, 2)
}

// A model without inputs gets random ones of the shape that its code and first weight
// tell, or else a reason.
func TestQuestionWithoutInputs(t *testing.T) {
	folder := lay(t)
	copyTo := func(name, from string) {
		data, err := os.ReadFile(filepath.Join("../../testdata", from))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(folder, 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), data, 0o666))
	}
	copyTo("a_scripted.pt", "scenarios/safe_model_save/model_scripted.pt")
	copyTo("a_state.pt", "scenarios/safe_model_save/model_state.pt")
	copyTo("b_scripted.pt", "zoo/several_inputs/scripted.pt")
	copyTo("b_state.pt", "zoo/several_inputs/state.pt")
	copyTo("c_scripted.pt", "scenarios/safe_model_save/model_scripted.pt")
	copyTo("c_state.pt", "scenarios/safe_model_save/model_state.pt")
	copyTo("c_x.npy", "scenarios/safe_model_save/x.npy")
	s, err := Load(folder)
	require.NoError(t, err)
	spec, err := s.Checks[0].Question(t.Context())
	require.NoError(t, err)
	require.NotNil(t, spec.Generate)
	assert.Equal(t, "x=1x4:float32", spec.Generate.Fields[0].String())
	assert.Equal(t, guessed, spec.Generate.Random)
	_, err = s.Checks[1].Question(t.Context())
	assert.ErrorContains(t, err, "b_scripted.pt: there are no inputs beside it: their shapes can't be told from")
	spec, err = s.Checks[2].Question(t.Context())
	require.NoError(t, err)
	assert.Nil(t, spec.Generate)
}
