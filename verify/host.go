package verify

import (
	"context"

	"github.com/seed06459138/torchgo/torch"
)

// Host is where a worker runs.
type Host struct {
	Versions Versions
	GPUs     int
	Missing  string // for want of what there are no GPUs, or ""
}

// hosted answers verbHost.
type hosted struct {
	Err  *wireError
	Host Host
}

// Host asks the worker where it runs. It opens libtorch for that, and asks the driver
// for GPUs, either of which may end the worker.
func (w *Worker) Host(ctx context.Context) (Host, error) {
	var answer hosted
	if _, err := w.process.Call(ctx, verbHost, nil, nil, &answer); err != nil {
		return Host{}, err
	}
	return answer.Host, answer.Err.receive()
}

// Here says where this process runs. It opens libtorch.
func Here() (h Host, err error) {
	if h.Versions, err = versions(); err == nil {
		h.GPUs, h.Missing, err = torch.DeviceCount(torch.DeviceCUDA)
	}
	return h, err
}
