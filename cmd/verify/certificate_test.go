package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
)

// copied gives the flags of the safe scenario for copies of its files in a folder.
func copied(t *testing.T, folder string) []string {
	t.Helper()
	args := safe()
	for i, a := range args {
		if strings.HasPrefix(a, "--") {
			continue
		}
		data, err := os.ReadFile(a)
		require.NoError(t, err)
		args[i] = filepath.Join(folder, filepath.Base(a))
		require.NoError(t, os.WriteFile(args[i], data, 0o644))
	}
	return args
}

// checkBare checks a certificate where there is no libtorch.
func checkBare(t *testing.T, args ...string) ran {
	t.Helper()
	cmd := exec.Command(program(t), append([]string{"check"}, args...)...)
	cmd.Env = append(os.Environ(), "TORCHGO_SHIM=/nowhere/libtorchgo.so")
	return finish(t, cmd)
}

func TestCertify(t *testing.T) {
	torchtest.Require(t)
	folder := t.TempDir()
	path := filepath.Join(folder, "certificate.json")
	args := append(copied(t, folder), "--quiet", "--certify", path)

	r := invoke(t, args...)
	assert.Equal(t, 0, r.code, r.stderr)
	r = checkBare(t, path)
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Equal(t, 4, strings.Count(r.stdout, "\nsame       "), r.stdout)

	// The input's last element is another one.
	input := filepath.Join(folder, "x.npy")
	data, err := os.ReadFile(input)
	require.NoError(t, err)
	data[len(data)-1] ^= 1
	require.NoError(t, os.WriteFile(input, data, 0o644))
	r = checkBare(t, "--quiet", path)
	assert.Equal(t, 1, r.code)
	assert.True(t, strings.HasPrefix(r.stdout, "not confirmed: "+input+" is not the file"), r.stdout)
	assert.Equal(t, 0, checkBare(t, path, filepath.Join(folder, "model_state.pt")).code, "the model is")

	// These files are inconsistent, and the certificate says so.
	r = invoke(t, args...)
	assert.Equal(t, 1, r.code)
	r = checkBare(t, "--quiet", path)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stdout, "the files were inconsistent")

	// A question that could not be put leaves no older certificate.
	require.NoError(t, os.Remove(input))
	r = invoke(t, args...)
	assert.Equal(t, 2, r.code)
	r = checkBare(t, "--quiet", path)
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stdout, "there was no answer: can't answer: "+input+": no such file")

	r = checkBare(t)
	assert.Equal(t, 2, r.code)
	assert.Equal(t, "verify: check takes a certificate, which verify --certify writes; see verify check -h\n", r.stderr)
	r = checkBare(t, input)
	assert.Equal(t, 2, r.code)
	assert.Equal(t, "verify: "+input+": cannot be read: no such file or directory\n", r.stderr)
	for _, line := range lines(checkBare(t, "-h").stdout) {
		assert.LessOrEqual(t, len(line), 80, line)
	}
}

// TestSigned runs the commands that the help shows for ssh-keygen.
func TestSigned(t *testing.T) {
	torchtest.Require(t)
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("ssh-keygen is not installed")
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "m.json")
	require.Equal(t, 0, invoke(t, append(safe(), "--quiet", "--certify", path)...).code)
	shell := func(line string) error {
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir = folder
		out, err := cmd.CombinedOutput()
		t.Logf("%s", out)
		return err
	}
	require.NoError(t, shell(`ssh-keygen -q -t ed25519 -N "" -f key && echo "me@example.com $(cat key.pub)" >allowed_signers`))
	require.NoError(t, shell("ssh-keygen -Y sign -f key -n file m.json"))
	const verify = "ssh-keygen -Y verify -f allowed_signers -I me@example.com -n file -s m.json.sig < m.json"
	assert.NoError(t, shell(verify))
	assert.Equal(t, 0, checkBare(t, path).code)
	require.NoError(t, shell(`sed -i 's/"rtol": .*,/"rtol": 1,/' m.json`))
	assert.Error(t, shell(verify), "a tolerance that was raised afterwards")
}
