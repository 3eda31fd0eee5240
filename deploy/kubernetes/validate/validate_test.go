package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"k8s.io/kubernetes/pkg/apis/batch"
	"k8s.io/kubernetes/pkg/apis/core"
)

// file reads one of the files that are deployed.
func file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFilesAreValid(t *testing.T) {
	paths, err := filepath.Glob("../*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatal("there are no files: ", err)
	}
	for _, path := range paths {
		if _, err := validateFile(newDecoder(), path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Each change would be refused by a cluster, or silently do something else.
func TestFaultsAreFound(t *testing.T) {
	for _, c := range []struct{ name, file, old, new, want string }{
		{"unknown field", "night.yaml", "completions:", "completion:", `unknown field "spec.jobTemplate.spec.completion"`},
		{"twice", "night.yaml", "parallelism: 8", "parallelism: 8\n      parallelism: 8", `key "parallelism" already set`},
		{"wrong type", "night.yaml", "completions: 8", "completions: eight", "completions"},
		{"number in env", "night.yaml", `value: "8"`, "value: 8", "cannot unmarshal number"},
		{"not indexed", "night.yaml", "completionMode: Indexed", "completionMode: NonIndexed", "backoffLimitPerIndex"},
		{"restarted", "night.yaml", "restartPolicy: Never", "restartPolicy: OnFailure", "restartPolicy"},
		{"no container", "night.yaml", "containerName: verify", "containerName: other", "containerName"},
		{"exit code 0", "night.yaml", "values: [1]", "values: [0]", "values"},
		{"no volume", "night.yaml", "{name: tmp, emptyDir: {}}", "{name: temp, emptyDir: {}}", "volumeMounts"},
		{"GPUs shared", "night.yaml", `nvidia.com/gpu: "1"`, `nvidia.com/gpu: "0.5"`, "nvidia.com/gpu"},
		{"schedule", "merge.yaml", `"0 1 * * *"`, `"0 25 * * *"`, "schedule"},
		{"time zone", "merge.yaml", "Etc/UTC", "Etc/Nowhere", "timeZone"},
		{"size", "storage.yaml", "storage: 10Gi", "storage: 10GiB", "quantities"},
		{"access", "storage.yaml", "accessModes: [ReadWriteMany]", "accessModes: [ReadWriteAll]", "accessModes"},
		{"kind", "suite.yaml", "kind: ConfigMap", "kind: Configmap", "no kind"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := file(t, c.file)
			if !strings.Contains(text, c.old) {
				t.Fatalf("%s has no %q", c.file, c.old)
			}
			path := filepath.Join(t.TempDir(), c.file)
			if err := os.WriteFile(path, []byte(strings.Replace(text, c.old, c.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := validateFile(newDecoder(), path)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func cronJob(t *testing.T, name string) *batch.CronJob {
	t.Helper()
	object, _, err := newDecoder().Decode([]byte(file(t, name)), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return object.(*batch.CronJob)
}

func env(t *testing.T, c *core.Container, name string) string {
	t.Helper()
	for _, v := range c.Env {
		if v.Name == name {
			return v.Value
		}
	}
	t.Fatalf("%s has no %s", c.Name, name)
	return ""
}

// What stands in several places must agree, or a merge joins another night.
func TestNightAndMergeAgree(t *testing.T) {
	night, merge := cronJob(t, "night.yaml"), cronJob(t, "merge.yaml")
	if night.Spec.Schedule != merge.Spec.Schedule || *night.Spec.TimeZone != *merge.Spec.TimeZone {
		t.Error("night and merge have other schedules, so their Jobs' names have other ends")
	}
	spec := night.Spec.JobTemplate.Spec
	shards := env(t, &spec.Template.Spec.Containers[0], "JOB_COMPLETIONS")
	if shards != strconv.Itoa(int(*spec.Completions)) || *spec.Parallelism > *spec.Completions {
		t.Errorf("JOB_COMPLETIONS is %s, completions %d, parallelism %d", shards, *spec.Completions, *spec.Parallelism)
	}
}

// script gives the script of a pod's one container, with the volumes' places moved
// into folder and other words replaced.
func script(t *testing.T, job *batch.CronJob, folder string, replace ...string) string {
	t.Helper()
	c := job.Spec.JobTemplate.Spec.Template.Spec.Containers[0]
	if len(c.Command) != 2 || c.Command[0] != "sh" || c.Command[1] != "-euc" || len(c.Args) != 1 {
		t.Fatalf("%s runs %q %q", c.Name, c.Command, c.Args)
	}
	places := strings.NewReplacer("/nights", folder, "/suite/suite.yaml", filepath.Join(folder, "suite.yaml"))
	return strings.NewReplacer(replace...).Replace(places.Replace(c.Args[0]))
}

// run starts a script as a pod would, without Kubernetes, with the programs of $VERIFY's
// folder and the merge.
func run(t *testing.T, text string, env ...string) *exec.Cmd {
	t.Helper()
	merge, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-euc", text)
	cmd.Env = append(os.Environ(), append(env, "PATH="+filepath.Dir(os.Getenv("VERIFY"))+":"+merge+":"+os.Getenv("PATH"))...)
	cmd.Stderr = os.Stderr
	return cmd
}

// The scripts in the files run with the real program: shards in the environment of an
// Indexed Job while the merge waits for them, one that is started twice, and a second
// night divided by the times of the first.
func TestScriptsRun(t *testing.T) {
	if os.Getenv("VERIFY") == "" {
		t.Skip("VERIFY names no program; make test-deploy does")
	}
	scenario, err := filepath.Abs("../../../testdata/scenarios/safe_model_save")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	suite := "checks:\n"
	for i := range 12 {
		suite += fmt.Sprintf("  good-%d: {scripted: %[2]s/model_scripted.pt, state: %[2]s/model_state.pt, inputs: %[2]s/x.npy}\n", i, scenario)
	}
	if err := os.WriteFile(filepath.Join(folder, "suite.yaml"), []byte(suite), 0o600); err != nil {
		t.Fatal(err)
	}
	night := script(t, cronJob(t, "night.yaml"), folder, "--device cuda --require-gpu", "-j 1")
	merge := script(t, cronJob(t, "merge.yaml"), folder, "--wait 9h", "--wait 2m")
	for _, name := range []string{"100", "101"} {
		merging := run(t, merge, "JOB_NAME=verify-merge-"+name)
		if err := merging.Start(); err != nil {
			t.Fatal(err)
		}
		for _, index := range []string{"3", "0", "1", "2", "2", "4", "5", "6", "7"} {
			if err := run(t, night, "JOB_NAME=verify-night-"+name, "JOB_COMPLETIONS=8", "JOB_COMPLETION_INDEX="+index).Run(); err != nil {
				t.Fatalf("shard %s of night %s: %v", index, name, err)
			}
		}
		if err := merging.Wait(); err != nil {
			t.Fatalf("merge of night %s: %v", name, err)
		}
		text, err := os.ReadFile(filepath.Join(folder, name, "night.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), `{"result":`); n != 12 {
			t.Errorf("night %s has %d results of 12", name, n)
		}
	}
	first, err := os.ReadFile(filepath.Join(folder, "100", "night.jsonl"))
	times, err2 := os.ReadFile(filepath.Join(folder, "101", "times.jsonl"))
	if err != nil || err2 != nil || string(first) != string(times) {
		t.Errorf("the second night is not divided by the times of the first: %v %v", err, err2)
	}
}
