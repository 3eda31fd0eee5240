package verify

import (
	"flag"
	"testing"

	"github.com/seed06459138/torchgo/internal/torchtest"
)

var update = flag.Bool("update", false, "write the golden files under testdata again")

func TestMain(m *testing.M) {
	EnableWorkers()
	torchtest.Main(m)
}
