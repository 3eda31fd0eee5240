package torch

import "github.com/seed06459138/torchgo/internal/ctorch"

// The settings in this file are those of the whole process. Changing them beside
// calls is not safe: those may see the old value or the new one.

// TF32 tells whether products of float32 on CUDA may be rounded to TF32, by
// cuBLAS or cuDNN. PyTorch begins with yes for convolutions and no for matmul.
func TF32() (bool, error) { return settingOn("read TF32", ctorch.SettingTF32) }

// SetTF32 allows or forbids TF32 for cuBLAS and cuDNN alike.
func SetTF32(on bool) error { return setSetting("set TF32", ctorch.SettingTF32, flag(on)) }

// Deterministic tells whether operators must give equal results each time.
func Deterministic() (bool, error) {
	return settingOn("read determinism", ctorch.SettingDeterministic)
}

// SetDeterministic makes operators give equal results each time, or fail where
// they cannot, as torch.use_deterministic_algorithms does; cuDNN no longer
// chooses its algorithms by measuring them.
func SetDeterministic(on bool) error {
	return setSetting("set determinism", ctorch.SettingDeterministic, flag(on))
}

// InterOpThreads tells how many threads what TorchScript forks runs on. libtorch
// can be told once, and would take every processor of the host: torchgo tells it
// GOMAXPROCS, as it is when libtorch is opened.
func InterOpThreads() (int, error) {
	n, err := setting("read the number of inter-op threads", ctorch.SettingInterOp)
	return int(n), err
}

func flag(on bool) int64 {
	if on {
		return 1
	}
	return 0
}

func settingOn(op string, which int32) (bool, error) {
	v, err := setting(op, which)
	return v != 0, err
}

func setting(op string, which int32) (int64, error) {
	if err := ctorch.Ensure(); err != nil {
		return 0, err
	}
	var v int64
	err := WrapError(op, ctorch.SettingRead(which, &v))
	return v, err
}

func setSetting(op string, which int32, v int64) error {
	if err := ctorch.Ensure(); err != nil {
		return err
	}
	return WrapError(op, ctorch.SettingWrite(which, v))
}
