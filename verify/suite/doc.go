// Package suite reads which checks a team runs over its models, from a file or from a
// folder, selects among them and divides them over machines.
//
// In a folder, roles are told by the words of file names, which may be divided by "_",
// "-" and ".":
//
//	scripted, script, torchscript, jit     TorchScript: m_scripted.pt
//	traced, trace                          TorchScript of a trace: m_traced.pt
//	state, state_dict, checkpoint          a state_dict: m_state.pt, m.state_dict.safetensors
//	x, input, inputs                       inputs: m_input.npy, x.npy, m_x0.npy and m_x1.npy in order
//	y, expected, output, outputs           recorded outputs: m_expected.npy, y.npz
//
// What is left of a name is the model's, with its version and hash: m_v1_scripted.pt
// and m_state_v1.pt are one model, as are m_scripted_3f2a91c0.pt and
// m_state_77e01b2d.pt where there are no others of m. A check is called after its
// folder and model, without the hash where that leaves no doubt, so that its history goes on
// when the file is replaced: vision/m_v1. Files called by nothing but their
// role are the folder's model. Inputs and outputs are those of the same name, or of
// the name without hash and version, or else those of the folder.
//
// A verify.yaml, or m.verify.yaml, is a check of its own; the files that it names
// belong to it. What can't be paired, or can't be read, is a check without an answer,
// and files that are in no check are told of in Suite.Notes.
package suite
