package export

import (
	"testing"

	"github.com/seed06459138/torchgo/internal/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m) }
