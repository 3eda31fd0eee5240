package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// read gives a table as a float32 tensor of two dimensions, which is the caller's.
func read(path string) (*torch.Tensor, error) {
	if strings.EqualFold(filepath.Ext(path), ".npy") {
		return readNPY(path)
	}
	return readCSV(path)
}

func readNPY(path string) (*torch.Tensor, error) {
	a, err := checkpoint.ReadNPY(path)
	if err != nil {
		return nil, err
	}
	if len(a.Shape()) != 2 {
		return nil, fmt.Errorf("%s: an array of shape %v is no table: give one of two dimensions", path, a.Shape())
	}
	x, err := torch.FromArray(a)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	return x.ToDType(torch.Float32)
}

func readCSV(path string) (*torch.Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.ReuseRecord = true
	r.TrimLeadingSpace = true
	var values []float32
	width := 0
	for line := 1; ; line++ {
		record, err := r.Read() // refuses rows of another width
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		width = len(record)
		before := len(values)
		for column, field := range record {
			v, err := strconv.ParseFloat(field, 32)
			if err != nil && line == 1 {
				values = values[:before] // a heading
				break
			}
			if err != nil {
				return nil, fmt.Errorf("%s: line %d, column %d: %w", path, line, column+1, err)
			}
			values = append(values, float32(v))
		}
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("%s: no rows of numbers", path)
	}
	return torch.FromSlice(values, int64(len(values)/width), int64(width))
}
