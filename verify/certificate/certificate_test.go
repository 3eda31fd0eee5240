package certificate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/verify"
)

// scene is a folder with files that were verified, and their certificate.
type scene struct {
	t           *testing.T
	folder      string
	report      *verify.Report
	certificate string
}

// newScene copies a scenario's files into models/ and data/ of a folder of its own.
func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, folder: t.TempDir(), report: &verify.Report{
		Schema: verify.Schema, Verdict: verify.Consistent, Summary: "consistent: both compute the same",
		Settings: verify.Settings{Device: "cpu", RTol: 1e-5, ATol: 1e-8, Tolerance: "rtol 1e-05, atol 1e-08"}, Versions: verify.Versions{Libtorch: "2.15.0"},
		Started: time.Date(2026, 11, 24, 1, 2, 3, 0, time.UTC),
	}}
	for name, role := range map[string]string{"models/model_scripted.pt": "scripted", "models/model_state.pt": "state", "data/x.npy": "input"} {
		data, err := os.ReadFile("../../testdata/scenarios/safe_model_save/" + filepath.Base(name))
		require.NoError(t, err)
		s.write(name, data)
		digest, err := checkpoint.HashFile(s.at(name))
		require.NoError(t, err)
		s.report.Files = append(s.report.Files, verify.File{Role: role, Path: s.at(name), SHA256: digest})
	}
	s.certify("certificate.json")
	return s
}

func (s *scene) at(name string) string { return filepath.Join(s.folder, filepath.FromSlash(name)) }

func (s *scene) write(name string, data []byte) {
	s.t.Helper()
	require.NoError(s.t, os.MkdirAll(filepath.Dir(s.at(name)), 0o755))
	require.NoError(s.t, os.WriteFile(s.at(name), data, 0o644))
}

func (s *scene) move(from, to string) {
	s.t.Helper()
	require.NoError(s.t, os.MkdirAll(filepath.Dir(s.at(to)), 0o755))
	require.NoError(s.t, os.Rename(s.at(from), s.at(to)))
}

// certify writes the certificate under a name.
func (s *scene) certify(name string) {
	s.t.Helper()
	s.certificate = s.at(name)
	require.NoError(s.t, os.MkdirAll(filepath.Dir(s.certificate), 0o755))
	statement, err := New(s.report, filepath.Dir(s.certificate))
	require.NoError(s.t, err)
	var b strings.Builder
	require.NoError(s.t, statement.Write(&b))
	require.NoError(s.t, os.WriteFile(s.certificate, []byte(b.String()), 0o644))
}

// states gives what became of each file, by its base name.
func states(r *Result) map[string]State {
	all := make(map[string]State)
	for _, f := range r.Files {
		all[filepath.Base(f.Name)] = f.State
	}
	return all
}

func TestStatement(t *testing.T) {
	s := newScene(t)
	statement, err := Read(s.certificate)
	require.NoError(t, err)
	var names []string
	for _, one := range statement.Subject {
		names = append(names, one.Name)
	}
	assert.ElementsMatch(t, []string{"models/model_scripted.pt", "models/model_state.pt", "data/x.npy"}, names)
	assert.Equal(t, s.report.Settings, statement.Predicate.Report.Settings, "the tolerances are in it")

	// Both files hold the same weights, and a third one in another format does too.
	require.Len(t, statement.Predicate.Weights, 2)
	a, b := statement.Predicate.Weights[0], statement.Predicate.Weights[1]
	assert.Equal(t, a.SHA256, b.SHA256)
	assert.Equal(t, 2, a.Tensors)
	file, err := checkpoint.Open(s.at("models/model_state.pt"))
	require.NoError(t, err)
	defer file.Close()
	state, err := file.State("")
	require.NoError(t, err)
	hash, err := state.Hash()
	require.NoError(t, err)
	assert.Equal(t, hash.String(), a.SHA256)

	t.Run("from elsewhere", func(t *testing.T) {
		s.certify("models/records/c.json")
		statement, err := Read(s.certificate)
		require.NoError(t, err)
		for _, one := range statement.Subject {
			assert.True(t, strings.HasPrefix(one.Name, "../"), one.Name)
		}
	})
	t.Run("a file in two roles", func(t *testing.T) {
		s.report.Files = append(s.report.Files, s.report.Files[0])
		statement, err := New(s.report, s.folder)
		require.NoError(t, err)
		assert.Len(t, statement.Subject, 3)
	})
	t.Run("a file that changed meanwhile", func(t *testing.T) {
		s.write("models/model_state.pt", readAll(t, s.at("models/model_scripted.pt")))
		_, err := New(s.report, s.folder)
		assert.ErrorContains(t, err, "has changed since it was verified")
	})
}

func readAll(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

func TestCheck(t *testing.T) {
	all := func(scripted, state, input State) map[string]State {
		return map[string]State{"model_scripted.pt": scripted, "model_state.pt": state, "x.npy": input}
	}
	for _, c := range []struct {
		name    string
		change  func(*scene) []string // what happens meanwhile, and the files to ask for
		code    int
		states  map[string]State
		summary string
	}{
		{"as it was", func(*scene) []string { return nil }, 0, all(Same, Same, Same), "confirmed: these files were verified on 2026-11-24, consistent: both compute the same"},
		{"all moved together", func(s *scene) []string {
			for _, name := range []string{"models", "data", "certificate.json"} {
				s.move(name, "elsewhere/"+name)
			}
			s.certificate = s.at("elsewhere/certificate.json")
			return nil
		}, 0, all(Same, Same, Same), "confirmed"},
		{"beside the certificate", func(s *scene) []string {
			s.move("models/model_scripted.pt", "model_scripted.pt")
			s.move("models/model_state.pt", "model_state.pt")
			s.move("data/x.npy", "x.npy")
			return nil
		}, 0, all(Same, Same, Same), "confirmed"},
		{"one byte flipped", func(s *scene) []string {
			data := readAll(t, s.at("models/model_state.pt"))
			data[len(data)/2] ^= 1
			s.write("models/model_state.pt", data)
			return nil
		}, 1, all(Same, Changed, Same), "model_state.pt is not the file that was verified on 2026-11-24"},
		{"one longer", func(s *scene) []string {
			s.write("data/x.npy", append(readAll(t, s.at("data/x.npy")), 0))
			return nil
		}, 1, all(Same, Same, Changed), "x.npy is not the file"},
		{"another one beside the certificate", func(s *scene) []string {
			s.move("data/x.npy", "gone.npy")
			s.write("x.npy", []byte("another"))
			return nil
		}, 1, all(Same, Same, Changed), "x.npy is not the file"},
		{"one missing", func(s *scene) []string {
			s.move("data/x.npy", "gone.npy")
			return nil
		}, 2, all(Same, Same, Missing), "x.npy is missing"},
		{"one missing, one changed", func(s *scene) []string {
			s.move("data/x.npy", "gone.npy")
			s.write("models/model_state.pt", nil)
			return nil
		}, 1, all(Same, Changed, Missing), "model_state.pt is not the file"},
		{"a folder in its place", func(s *scene) []string {
			s.move("data/x.npy", "gone.npy")
			require.NoError(t, os.MkdirAll(s.at("data/x.npy"), 0o755))
			return nil
		}, 2, all(Same, Same, Unread), "x.npy is unread"},
		{"found inconsistent", func(s *scene) []string {
			s.report.Verdict, s.report.Summary = verify.Inconsistent, "inconsistent: they differ"
			s.certify("certificate.json")
			return nil
		}, 1, all(Same, Same, Same), "not confirmed: on 2026-11-24 the files were inconsistent: they differ"},
		{"left unanswered", func(s *scene) []string {
			s.report.Verdict, s.report.Summary = verify.Unanswered, "can't answer: runs differ"
			s.certify("certificate.json")
			return nil
		}, 2, all(Same, Same, Same), "not confirmed: on 2026-11-24 there was no answer: can't answer: runs differ"},
		{"of no files", func(s *scene) []string {
			s.report.Verdict, s.report.Files = verify.Unanswered, nil
			s.certify("certificate.json")
			return nil
		}, 2, map[string]State{}, "not confirmed"},
		{"one that was asked for, renamed", func(s *scene) []string {
			s.move("models/model_scripted.pt", "current.pt")
			return []string{s.at("current.pt")}
		}, 0, map[string]State{"current.pt": Same}, "confirmed"},
		{"a stranger", func(s *scene) []string {
			s.write("other.pt", []byte("other"))
			return []string{s.at("models/model_state.pt"), s.at("other.pt")}
		}, 1, map[string]State{"model_state.pt": Same, "other.pt": Stranger}, "other.pt was not verified"},
		{"one that was asked for, changed", func(s *scene) []string {
			s.write("new/x.npy", []byte("other"))
			return []string{s.at("new/x.npy")}
		}, 1, map[string]State{"x.npy": Changed}, "x.npy is not the file"},
		{"one that was asked for, missing", func(s *scene) []string { return []string{s.at("none")} }, 2, map[string]State{"none": Missing}, "none is missing"},
		{"one that was asked for, a folder", func(s *scene) []string { return []string{s.folder} }, 2, nil, "is unread"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			files := c.change(s)
			result, err := Check(s.certificate, files...)
			require.NoError(t, err)
			assert.Equal(t, c.code, result.ExitCode(), result.Summary)
			assert.Contains(t, result.Summary, c.summary)
			if c.states != nil {
				assert.Equal(t, c.states, states(result))
			}

			var text strings.Builder
			require.NoError(t, result.WriteText(&text))
			lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
			assert.Equal(t, result.Summary, lines[len(lines)-1], "the last line says the verdict")
			for _, line := range lines[:len(lines)-1] {
				assert.LessOrEqual(t, utf8.RuneCountInString(line), 80, line)
			}
		})
	}
}

// TestSameWeights replaces a file by one of another format with the same tensors.
func TestSameWeights(t *testing.T) {
	s := newScene(t)
	file, err := checkpoint.Open(s.at("models/model_state.pt"))
	require.NoError(t, err)
	defer file.Close()
	state, err := file.State("")
	require.NoError(t, err)
	state, err = state.Load()
	require.NoError(t, err)
	require.NoError(t, checkpoint.SaveSafetensors(s.at("new"), state, nil))
	s.move("new", "models/model_state.pt")
	result, err := Check(s.certificate)
	require.NoError(t, err)
	assert.Equal(t, 1, result.ExitCode())
	for _, f := range result.Files {
		if f.State == Changed {
			assert.Equal(t, "another file with the same weights", f.Note)
		}
	}
}

func TestRead(t *testing.T) {
	other := strings.Repeat("0", 64)
	for _, c := range []struct {
		name   string
		change func(s *Statement)
		text   string // instead of the statement
		want   string
	}{
		{"nothing", nil, "", "is no certificate: unexpected end"},
		{"text", nil, "hello", "is no certificate: invalid character"},
		{"a list", nil, "[1]", "is no certificate: json:"},
		{"other JSON", nil, "{}", `is no certificate: its _type is ""; name what verify --certify wrote`},
		{"another predicate", func(s *Statement) { s.PredicateType = "https://slsa.dev/provenance/v1" }, "", `certifies something else: its predicateType is "https://slsa.dev/provenance/v1"`},
		{"no report", func(s *Statement) { s.Predicate.Report = nil }, "", "holds no report"},
		{"a later report", func(s *Statement) { s.Predicate.Report.Schema = "torchgo.verify.report/2" }, "", `holds a report of format "torchgo.verify.report/2"`},
		{"no verdict", func(s *Statement) { s.Predicate.Report.Verdict = "fine" }, "", `contradicts itself: "fine" is no verdict`},
		{"no files, consistent", func(s *Statement) { s.Subject, s.Predicate.Report.Files = nil, nil }, "", "contradicts itself: no files were consistent"},
		{"another digest in the report", func(s *Statement) { s.Predicate.Report.Files[0].SHA256 = other }, "", "contradicts itself: "},
		{"another digest in a subject", func(s *Statement) { s.Subject[0].Digest.SHA256 = other }, "", "contradicts itself: "},
		{"a subject left out", func(s *Statement) { s.Subject = s.Subject[1:] }, "", "is not among the subjects"},
		{"no digest", func(s *Statement) { s.Subject[0].Digest.SHA256 = "12" }, "", "is no SHA-256"},
		{"a name twice", func(s *Statement) { s.Subject[1].Name = s.Subject[0].Name }, "", "is empty or there twice"},
		{"no name", func(s *Statement) { s.Subject[1].Name = "" }, "", "is empty or there twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			text := c.text
			if c.change != nil {
				statement, err := Read(s.certificate)
				require.NoError(t, err)
				c.change(statement)
				data, err := json.Marshal(statement)
				require.NoError(t, err)
				text = string(data)
			}
			s.write("certificate.json", []byte(text))
			_, err := Check(s.certificate)
			var known *Error
			require.ErrorAs(t, err, &known)
			assert.True(t, strings.HasPrefix(err.Error(), s.certificate+": "), err)
			assert.Contains(t, err.Error(), c.want)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
	folder := t.TempDir()
	_, err := Check(folder)
	assert.EqualError(t, err, folder+": cannot be read: it is no regular file")
	_, err = Check(filepath.Join(folder, "none"))
	assert.EqualError(t, err, filepath.Join(folder, "none")+": cannot be read: no such file or directory")
	require.ErrorIs(t, err, os.ErrNotExist)
}
