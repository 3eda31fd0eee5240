// Command score runs a TorchScript model over the rows of a table, CSV or npy, in
// batches, and writes its answers as CSV.
//
//	go run ./examples/score -model model.pt rows.csv > scores.csv
//
// A first row of a CSV file that holds no numbers is taken for a heading. While
// it works it shows how far it is, if it talks to a terminal.
package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/data"
)

func main() {
	model := flag.String("model", "model.pt", "the TorchScript file")
	batch := flag.Int64("batch", 256, "rows in one call")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: score [-model FILE] [-batch ROWS] TABLE.csv|TABLE.npy > SCORES.csv")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 || *batch < 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var progress io.Writer = io.Discard
	if term.IsTerminal(int(os.Stderr.Fd())) {
		progress = os.Stderr
	}
	rows, err := score(ctx, *model, flag.Arg(0), *batch, os.Stdout, progress)
	if err != nil {
		fmt.Fprintln(os.Stderr, "score:", err)
		os.Exit(1)
	}
	fmt.Fprintf(os.Stderr, "%d rows scored\n", rows)
}

// score writes the model's answer for each row of a table to out, and tells how
// many there were.
func score(ctx context.Context, modelPath, tablePath string, batch int64, out, progress io.Writer) (rows int64, err error) {
	table, err := data.ReadTable(tablePath)
	if err != nil {
		return 0, err
	}
	defer table.Close()
	model, err := jit.Load(modelPath)
	if err != nil {
		return 0, err
	}
	defer model.Close()

	rows = table.Shape()[0]
	bar := progressbar.NewOptions64(rows, progressbar.OptionSetWriter(progress), progressbar.OptionSetDescription("scoring"),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("rows"), progressbar.OptionClearOnFinish())
	buffered := bufio.NewWriter(out)
	for start := int64(0); start < rows; start += batch {
		n := min(batch, rows-start)
		if err := scoreRows(ctx, model, table, start, n, csv.NewWriter(buffered)); err != nil {
			return start, errors.Join(fmt.Errorf("%s: rows %d to %d: %w", tablePath, start+1, start+n, err), bar.Clear(), buffered.Flush())
		}
		if err := bar.Add64(n); err != nil {
			return start, err
		}
	}
	return rows, buffered.Flush()
}

// scoreRows scores n rows from start on with one call.
func scoreRows(ctx context.Context, model *jit.Module, table *torch.Tensor, start, n int64, out *csv.Writer) error {
	s := torch.NewScope()
	defer s.Close()
	x, err := aten.Narrow(table, 0, start, n)
	if err != nil {
		return err
	}
	v, err := model.Run(ctx, s.Add(x))
	if err != nil {
		return err
	}
	y, ok := v.(*torch.Tensor)
	if !ok || y.Dim() == 0 || y.Shape()[0] != n {
		return errors.New("the model does not give a tensor with a row for each that it gets")
	}
	values, err := torch.Slice[float32](y)
	if err != nil {
		return err
	}
	width := len(values) / int(n)
	record := make([]string, width)
	for row := range int(n) {
		for i, v := range values[row*width : (row+1)*width] {
			record[i] = strconv.FormatFloat(float64(v), 'g', -1, 32)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
