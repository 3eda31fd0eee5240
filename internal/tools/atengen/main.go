package main

import (
	"fmt"

	"github.com/seed06459138/torchgo/torch"
)

func main() {
	all, err := torch.Operators()
	if err != nil {
		panic(err)
	}
	for _, s := range all {
		fmt.Println(s)
	}
}
