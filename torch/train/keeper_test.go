package train_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/train"
)

func TestKeeper(t *testing.T) {
	torchtest.Require(t)
	run, err := train.Begin[*myModel]("mymodel", "v1", scenarioHyper, adam)
	require.NoError(t, err)
	defer run.Close()
	keeper := train.Keeper{Dir: filepath.Join(t.TempDir(), "kept"), Every: 2, Last: 2, Best: 1}
	_, err = keeper.Latest()
	require.ErrorIs(t, err, train.ErrNone)
	for _, loss := range []float64{9, 1, 9, 5, 9, 4, 9, 3} {
		run.EndEpoch(loss)
		_, err := keeper.Save(run)
		require.NoError(t, err)
	}
	names := func() (all []string) {
		entries, err := os.ReadDir(keeper.Dir)
		require.NoError(t, err)
		for _, e := range entries {
			all = append(all, e.Name())
		}
		return all
	}
	assert.Equal(t, []string{"epoch-000001.pt", "epoch-000005.pt", "epoch-000007.pt"}, names(), "the best and the last two")
	latest, err := keeper.Latest()
	require.NoError(t, err)
	assert.Equal(t, "epoch-000007.pt", filepath.Base(latest))
	require.NoError(t, os.Truncate(latest, 100))
	latest, err = keeper.Latest()
	require.NoError(t, err)
	assert.Equal(t, "epoch-000005.pt", filepath.Base(latest), "one that is damaged is passed over")
	again, err := train.Resume[*myModel](latest, adam)
	require.NoError(t, err)
	defer again.Close()
	assert.EqualValues(t, 6, again.Epoch)
	assert.Equal(t, 4.0, again.Loss)

	// One within an epoch is the last until the next, and never among the best.
	latest, err = keeper.SaveNow(run)
	require.NoError(t, err)
	assert.Equal(t, "epoch-000007.pt", filepath.Base(latest), "the damaged one is replaced")
	run.EndBatch(0)
	latest, err = keeper.SaveNow(run)
	require.NoError(t, err)
	assert.Equal(t, []string{"epoch-000001.pt", "epoch-000005.pt", "epoch-000007.pt", "epoch-000008-batch-000001.pt"}, names())
	found, err := keeper.Latest()
	require.NoError(t, err)
	assert.Equal(t, latest, found)
	run.EndBatch(0)
	_, err = keeper.SaveNow(run)
	require.NoError(t, err)
	assert.Contains(t, names(), "epoch-000008-batch-000002.pt")
	assert.NotContains(t, names(), "epoch-000008-batch-000001.pt")
	run.EndEpoch(math.NaN()) // is no least
	run.EndEpoch(0.5)
	run.EndEpoch(math.NaN())
	keeper.Every, keeper.Last = 1, 1
	_, err = keeper.SaveNow(run)
	require.NoError(t, err)
	assert.Equal(t, []string{"epoch-000001.pt", "epoch-000010.pt"}, names())
}

// NaN is neither less nor more than another loss.
func TestKeeperKnowsTheBestBesideNaN(t *testing.T) {
	torchtest.Require(t)
	run, err := train.Begin[*myModel]("mymodel", "v1", scenarioHyper, adam)
	require.NoError(t, err)
	defer run.Close()
	keeper := train.Keeper{Dir: t.TempDir(), Best: 1}
	for _, loss := range []float64{math.NaN(), 1, 0.5, 2, math.NaN(), 3} {
		run.EndEpoch(loss)
		_, err := keeper.Save(run)
		require.NoError(t, err)
	}
	for _, epoch := range []string{"2", "5"} {
		assert.FileExists(t, filepath.Join(keeper.Dir, "epoch-00000"+epoch+".pt"))
	}
	entries, err := os.ReadDir(keeper.Dir)
	require.NoError(t, err)
	assert.Len(t, entries, 2)

	// Nor is a checkpoint that tells no loss the best.
	last, err := keeper.Latest()
	require.NoError(t, err)
	whole := checkpoint.NewDict()
	for k, v := range open(t, last).Value().(*checkpoint.Dict).All() {
		if k != checkpoint.String("train_loss") {
			require.NoError(t, whole.Set(k, v))
		}
	}
	require.NoError(t, checkpoint.Save(last, whole))
	run.EndEpoch(4)
	_, err = keeper.Save(run)
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(keeper.Dir, "epoch-000002.pt"))
	assert.NoFileExists(t, last)
}
