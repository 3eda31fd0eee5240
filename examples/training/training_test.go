package training

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/data"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/optim"
	"github.com/seed06459138/torchgo/torch/train"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// net drops out, so that going on needs the state of random numbers.
type net struct{ Layers *nn.Sequential }

func (n *net) Forward(x *torch.Tensor) (*torch.Tensor, error) { return n.Layers.Forward(x) }

type hyper struct{ Hidden int64 }

func init() {
	for _, name := range []string{"net", "other"} {
		if err := nn.Register(name, "v1", func(h hyper) (*net, error) {
			return &net{nn.NewSequential(nn.NewLinear(4, h.Hidden), nn.ReLU{}, nn.NewDropout(0.5), nn.NewLinear(h.Hidden, 1))}, nil
		}); err != nil {
			panic(err)
		}
	}
}

func adam(_ hyper, params []*nn.Parameter) optim.Optimizer { return optim.NewAdam(params) }

// session is a training of net on 40 random samples.
type session = Training[*net, hyper, *data.Pair]

func settings(dir string, epochs int64) Settings {
	return Settings{Dir: dir, Epochs: epochs, Last: 2, Seed: 3, Out: io.Discard, Progress: io.Discard}
}

// opened opens a session in a folder; the result closes it.
func opened(s Settings, hidden int64) (*session, func(), error) {
	run, err := Open[*net](s, nn.Key{Name: "net", Version: "v1"}, hyper{hidden}, adam)
	if err != nil {
		return nil, nil, err
	}
	rows := make([]float32, 40*4)
	goals := make([]float32, 40)
	for i := range rows {
		rows[i] = float32(math.Sin(float64(i)))
		goals[i/4] += rows[i]
	}
	x, err := torch.FromSlice(rows, 40, 4)
	if err != nil {
		return nil, nil, err
	}
	y, err := torch.FromSlice(goals, 40, 1)
	if err != nil {
		return nil, nil, err
	}
	d := &data.Tensors{X: x, Y: y}
	loader, err := data.NewLoader(d, data.Options{Batch: 8, Shuffle: true, Seed: s.Seed, Workers: 1})
	t := &session{Run: run, Loader: loader}
	t.Step = func(b *data.Pair) (float64, error) {
		return run.Step(func(*torch.Scope) (*torch.Tensor, error) {
			y, err := run.Model.Forward(b.X)
			if err != nil {
				return nil, err
			}
			return functional.MSE(y, b.Y)
		})
	}
	return t, func() { run.Close(); d.Close() }, err
}

func begin(t *testing.T, s Settings) *session {
	torchtest.Require(t)
	one, end, err := opened(s, 16)
	require.NoError(t, err)
	t.Cleanup(end)
	return one
}

// told trains to the end and gives what was told of each epoch, without the times.
func toldOf(t *testing.T, ctx context.Context, s Settings) (lines string, err error) {
	var out bytes.Buffer
	s.Out = &out
	err = begin(t, s).Go(ctx, s)
	return regexp.MustCompile(`, [\d.]+ s\n|going on from .*\n`).ReplaceAllString(out.String(), "\n"), err
}

func TestGoingOnIsAsIfNeverStopped(t *testing.T) {
	whole, err := toldOf(t, context.Background(), settings(t.TempDir(), 6))
	require.NoError(t, err)
	assert.Contains(t, whole, "epoch 6 of 6: loss")

	s := settings(t.TempDir(), 6)
	ctx, stop := context.WithCancel(context.Background())
	one := begin(t, s)
	step, steps := one.Step, 0
	one.Step = func(b *data.Pair) (float64, error) {
		if steps++; steps == 13 { // in the third epoch, which has five batches
			stop()
		}
		return step(b)
	}
	err = one.Go(ctx, s)
	require.ErrorIs(t, err, context.Canceled)
	assert.ErrorContains(t, err, "stopped in epoch 3; the same command goes on from "+filepath.Join(s.Dir, "epoch-000002-batch-000003.pt"))
	other := begin(t, s)
	other.Loader, err = data.NewLoader(&data.Tensors{}, data.Options{})
	require.NoError(t, err)
	assert.ErrorContains(t, other.Go(context.Background(), s), "stopped within an epoch of 5 batches, and now an epoch has 0: give the same -batch")
	s.Every = 4 // the last is saved all the same
	rest, err := toldOf(t, context.Background(), s)
	require.NoError(t, err)
	assert.Contains(t, whole, rest[bytes.IndexByte([]byte(rest), '\n')+1:])
	assert.Contains(t, rest, "epoch 3 of 6: loss")
	assert.NotContains(t, rest, "epoch 2 of 6")

	last, err := Last[*net](s, adam)
	require.NoError(t, err)
	defer last.Close()
	c, err := readCurves(last.Extra)
	require.NoError(t, err)
	require.EqualValues(t, 6, last.Epoch)
	assert.Len(t, c.points["loss"], 6, "the plot begins with the first epoch")
	for _, name := range []string{"loss.svg", "loss.png"} {
		assert.FileExists(t, filepath.Join(s.Dir, name))
	}
}

// trainIn is set in the child of TestKilled.
const trainIn = "TRAINING_TEST_IN"

// TestKilled kills a process again and again while it trains and saves, by SIGKILL and
// by Ctrl-C. What it leaves is whole, and goes on.
func TestKilled(t *testing.T) {
	torchtest.Require(t)
	const epochs = 400
	if dir := os.Getenv(trainIn); dir != "" {
		Main("test", "", "", func(ctx context.Context, s Settings) error {
			s.Dir, s.Epochs, s.Last, s.Seed = dir, epochs, 2, 3
			one, end, err := opened(s, 16)
			if err != nil {
				return err
			}
			defer end()
			return one.Go(ctx, s)
		})
		return
	}
	dir := filepath.Join(t.TempDir(), "kept")
	s := settings(dir, epochs)
	keeper := s.keeper()
	var reached []int64
	for i := range 4 {
		child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		child.Env = append(os.Environ(), trainIn+"="+dir)
		require.NoError(t, child.Start())
		before := reached
		assert.Eventually(t, func() bool { // until it has saved something new
			path, err := keeper.Latest()
			return err == nil && (len(before) == 0 || filepath.Base(path) >= nameOf(before[len(before)-1]+1))
		}, time.Minute, 5*time.Millisecond)
		time.Sleep(time.Duration(7*i) * time.Millisecond)
		if i%2 == 0 {
			require.NoError(t, child.Process.Kill())
		} else {
			require.NoError(t, child.Process.Signal(os.Interrupt))
		}
		_ = child.Wait() // it was killed
		run, err := Last[*net](s, adam)
		require.NoError(t, err)
		reached = append(reached, run.Epoch)
		run.Close()
	}
	for i := 1; i < len(reached); i++ {
		assert.Greater(t, reached[i], reached[i-1])
	}
	begun := filepath.Join(dir, ".epoch-000009.pt.123.tmp")
	require.NoError(t, os.WriteFile(begun, []byte("half"), 0o600))
	// The epochs that follow are those of a training that was never stopped.
	end := reached[len(reached)-1] + 2
	whole, err := toldOf(t, context.Background(), settings(t.TempDir(), end))
	require.NoError(t, err)
	rest, err := toldOf(t, context.Background(), settings(dir, end))
	require.NoError(t, err)
	require.NotEmpty(t, rest)
	assert.Contains(t, whole, rest)
	assert.NoFileExists(t, begun)
}

func TestLossesThatAreNotFinite(t *testing.T) {
	nan, err := torch.Scalar(float32(math.NaN()))
	require.NoError(t, err)
	defer nan.Close()
	spoilt := func(one *session, which int, broken ...string) {
		step, steps := one.Step, 0
		one.Step = func(b *data.Pair) (float64, error) {
			if steps++; steps != which {
				return step(b)
			}
			if len(broken) > 0 {
				return math.NaN(), &train.NonFiniteError{Loss: math.NaN(), Parameters: broken}
			}
			return one.Run.Step(func(*torch.Scope) (*torch.Tensor, error) {
				y, err := one.Run.Model.Forward(b.X)
				if err != nil {
					return nil, err
				}
				sum, err := aten.Sum(y, nil)
				if err != nil {
					return nil, err
				}
				return aten.MulTensor(sum, nan)
			})
		}
	}
	s := settings(t.TempDir(), 2)
	one := begin(t, s)
	spoilt(one, 8)
	err = one.Go(context.Background(), s)
	require.ErrorIs(t, err, train.ErrNonFinite)
	assert.ErrorContains(t, err, "stopped in epoch 2: batch 3: the loss is NaN; the last checkpoint is "+filepath.Join(s.Dir, "epoch-000000.pt"))

	var out bytes.Buffer
	s = settings(t.TempDir(), 2)
	s.Skip, s.Out = 1, &out
	one = begin(t, s)
	spoilt(one, 8)
	require.NoError(t, one.Go(context.Background(), s))
	assert.Contains(t, out.String(), "epoch 2, batch 3 is passed over: the loss is NaN\n")

	s.Dir = t.TempDir()
	one = begin(t, s)
	spoilt(one, 2, "layers.0.weight")
	err = one.Go(context.Background(), s)
	require.ErrorIs(t, err, train.ErrNonFinite, "a broken model cannot be passed over")
	assert.ErrorContains(t, err, "before a checkpoint was saved")
	assert.ErrorContains(t, err, "layers.0.weight")
}

func TestCheckpointsThatDoNotFit(t *testing.T) {
	s := settings(t.TempDir(), 2)
	require.NoError(t, begin(t, s).Go(context.Background(), s))
	last := filepath.Join(s.Dir, nameOf(2))

	_, _, err := opened(s, 8)
	assert.ErrorContains(t, err, last+" was trained with hidden 16, not 8; give the same flags")
	_, err = Open[*net](s, nn.Key{Name: "other", Version: "v1"}, hyper{16}, adam)
	assert.ErrorContains(t, err, last+" is of net v1, not other v1")
	_, err = Open[*nn.Linear](s, nn.Key{Name: "net", Version: "v1"}, hyper{16}, adam)
	require.ErrorIs(t, err, train.ErrModel)
	_, err = Last[*net](s, func(_ hyper, params []*nn.Parameter) optim.Optimizer {
		o := optim.NewAdam(params[:2])
		o.AddGroup(params[2:], optim.AdamOptions{LR: 1e-4})
		return o
	})
	require.ErrorIs(t, err, optim.ErrState)
	assert.ErrorContains(t, err, "group")
	_, err = Last[*net](s, func(_ hyper, params []*nn.Parameter) optim.Optimizer { return optim.NewSGD(params) })
	require.ErrorIs(t, err, optim.ErrState)
	assert.ErrorContains(t, err, "another optimizer")

	require.NoError(t, os.Truncate(last, 200))
	run, err := Last[*net](s, adam)
	require.NoError(t, err, "the one before is whole")
	assert.EqualValues(t, 1, run.Epoch)
	run.Close()
	require.NoError(t, os.Truncate(filepath.Join(s.Dir, nameOf(1)), 200))
	_, _, err = opened(s, 16)
	require.ErrorIs(t, err, train.ErrNone)
	assert.ErrorContains(t, err, "move them away")
	assert.False(t, errors.Is(err, os.ErrNotExist))
}

// nameOf gives the name of the checkpoint after so many epochs.
func nameOf(epochs int64) string { return fmt.Sprintf("epoch-%06d.pt", epochs-1) }
