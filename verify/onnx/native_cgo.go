//go:build cgo

package onnx

import (
	"context"
	"runtime"
	"strconv"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify"
)

var library struct {
	mu      sync.Mutex
	tried   bool
	path    string
	version string
	err     error // of the first search, kept: a search is not repeated per model
}

// load opens the library if that has not been done. It stays open for good.
func load() (path, version string, err error) {
	library.mu.Lock()
	defer library.mu.Unlock()
	if !library.tried {
		library.tried = true
		library.path, library.err = search(func(path string) error {
			ort.SetSharedLibraryPath(path)
			if err := ort.InitializeEnvironment(); err != nil {
				return err
			}
			return ort.DisableTelemetry()
		})
		if library.err == nil {
			library.version = ort.GetVersion()
		}
	}
	return library.path, library.version, library.err
}

// native is a model in ONNX Runtime.
type native struct {
	session *ort.DynamicAdvancedSession
	outputs int // of those that fetch names
	unused  bool
}

// newNative loads a model from the bytes of its file, which it does not keep.
func newNative(file []byte, folder string, m *model, outputs []string, o Options) (native, error) {
	settings, err := settingsOf(folder, o)
	if err != nil {
		return native{}, err
	}
	defer settings.Destroy()
	inputs := make([]string, 0, len(m.inputs)+1)
	for _, p := range m.inputs {
		inputs = append(inputs, p.name)
	}
	n := native{outputs: len(outputs), unused: len(inputs) == 0}
	if n.unused {
		inputs = append(inputs, unusedInput)
	}
	n.session, err = ort.NewDynamicAdvancedSessionWithONNXData(file, inputs, outputs, settings)
	return n, err
}

func settingsOf(folder string, o Options) (_ *ort.SessionOptions, err error) {
	settings, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = settings.Destroy()
		}
	}()
	level := ort.GraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll)
	if o.Plain {
		level = ort.GraphOptimizationLevelDisableAll
	}
	if err := settings.SetGraphOptimizationLevel(level); err != nil {
		return nil, err
	}
	if err := settings.SetIntraOpNumThreads(o.Threads); err != nil {
		return nil, err
	}
	// Models that were given as bytes would look for their weights in the working folder.
	if err := settings.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", folder); err != nil {
		return nil, err
	}
	if o.Device.Type == torch.DeviceCUDA {
		if err := addCUDA(settings, o.Device.Index); err != nil {
			return nil, &verify.Error{Msg: "this ONNX Runtime cannot run on " + o.Device.String(), Err: err,
				Remedy: "set TORCHGO_ONNXRUNTIME to the libonnxruntime.so of an onnxruntime-gpu wheel, or run it on the CPU"}
		}
	}
	return settings, nil
}

func addCUDA(settings *ort.SessionOptions, index int) error {
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	defer cuda.Destroy()
	// TF32 is the first reason why a GPU and a CPU differ.
	if err := cuda.Update(map[string]string{"device_id": strconv.Itoa(index), "use_tf32": "0"}); err != nil {
		return err
	}
	return settings.AppendExecutionProviderCUDA(cuda)
}

func (n native) run(ctx context.Context, m *model, in []verify.Array) ([]verify.Array, error) {
	if n.session == nil {
		return nil, torch.ErrClosed
	}
	// ONNX Runtime keeps pointers to the elements for as long as a value lives.
	var pinner runtime.Pinner
	defer pinner.Unpin()
	values := make([]ort.Value, 0, len(in)+1)
	results := make([]ort.Value, n.outputs)
	defer func() {
		for _, v := range append(values, results...) {
			if v != nil {
				_ = v.Destroy()
			}
		}
	}()
	if n.unused {
		in = []verify.Array{{DType: elements[elementFloat], Shape: []int64{1}, Data: make([]byte, 4)}}
	}
	for _, a := range in {
		v, err := newValue(a, &pinner)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	if err := n.call(ctx, values, results); err != nil {
		return nil, err
	}
	out := make([]verify.Array, len(m.outputs))
	for i, p := range m.outputs {
		var err error
		if out[i], err = readOutput(p, results[2*i], results[2*i+1]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// call runs the session, and breaks it off when ctx ends.
func (n native) call(ctx context.Context, values, results []ort.Value) error {
	options, err := ort.NewRunOptions()
	if err != nil {
		return err
	}
	defer options.Destroy()
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = options.Terminate()
	})
	err = n.session.RunWithOptions(values, results, options)
	if !stop() {
		<-ended // options must not be destroyed under it
	}
	return err
}

func (n *native) close() error {
	if n.session == nil {
		return nil
	}
	session := n.session
	n.session = nil
	return session.Destroy()
}
