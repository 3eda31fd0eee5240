package suite

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParseName(t *testing.T) {
	for path, want := range map[string]struct {
		role         role
		number       int
		stem         string
		bare, family string
	}{
		"m_scripted.pt":                  {scriptedRole, -1, "m", "m", "m"},
		"m_v1_scripted.pt":               {scriptedRole, -1, "m_v1", "m_v1", "m"},
		"m_scripted_v1.pt":               {scriptedRole, -1, "m_v1", "m_v1", "m"},
		"m-v1.2-scripted.pt":             {scriptedRole, -1, "m-v1.2", "m-v1.2", "m"},
		"m_scripted_3f2a91c0.pt":         {scriptedRole, -1, "m_3f2a91c0", "m", "m"},
		"resnet18-f37072fd_scripted.pth": {scriptedRole, -1, "resnet18-f37072fd", "resnet18", "resnet18"},
		"m_v3_77e01b2_state.pt":          {stateRole, -1, "m_v3_77e01b2", "m_v3", "m"},
		"m_20261128_state.pt":            {stateRole, -1, "m_20261128", "m", "m"},
		"state.pt":                       {stateRole, -1, "", "", ""},
		"m.state_dict.safetensors":       {stateRole, -1, "m", "m", "m"},
		"m_state_dict_v2.pt":             {stateRole, -1, "m_v2", "m_v2", "m"},
		"CHECKPOINT.PT":                  {stateRole, -1, "", "", ""},
		"state_machine_scripted.pt":      {scriptedRole, -1, "state_machine", "state_machine", "state_machine"},
		"input_net_state.pt":             {stateRole, -1, "input_net", "input_net", "input_net"},
		"m_traced.pt":                    {tracedRole, -1, "m", "m", "m"},
		"m.jit.ts":                       {scriptedRole, -1, "m", "m", "m"},
		"x.npy":                          {inputRole, -1, "", "", ""},
		"m_v1_x.npy":                     {inputRole, -1, "m_v1", "m_v1", "m"},
		"m_x1.npy":                       {inputRole, 1, "m", "m", "m"},
		"m_input_2.npy":                  {inputRole, 2, "m", "m", "m"},
		"inputs.npz":                     {inputRole, -1, "", "", ""},
		"m_input.pt":                     {inputRole, -1, "m", "m", "m"},
		"state_x.npy":                    {inputRole, -1, "state", "state", "state"},
		"y.npz":                          {expectedRole, -1, "", "", ""},
		"m_expected_3f2a91c0.npy":        {expectedRole, -1, "m_3f2a91c0", "m", "m"},
		"resnet.pt":                      {noRole, -1, "resnet", "resnet", "resnet"},
		"scripted.txt":                   {noRole, -1, "scripted", "scripted", "scripted"},
		"m_decade_state.pt":              {stateRole, -1, "m_decade", "m_decade", "m_decade"},
		"m_1234567890_state.pt":          {stateRole, -1, "m_1234567890", "m", "m"},
		".pt":                            {noRole, -1, "", "", ""},
		"___scripted___.pt":              {scriptedRole, -1, "_____", "", ""},
	} {
		t.Run(path, func(t *testing.T) {
			n := parseName("folder/" + path)
			assert.Equal(t, want.role, n.role, "role")
			assert.Equal(t, want.number, n.number, "number")
			assert.Equal(t, want.stem, n.stem, "stem")
			assert.Equal(t, want.bare, n.bare(), "bare")
			assert.Equal(t, want.family, n.family(), "family")
		})
	}
}
