// Command serve is a service around a TorchScript model that the program carries
// in itself: a row of numbers in, the model's answer out, both JSON.
//
//	go run ./examples/serve -address localhost:8080
//	curl -d '[1, 2, 3, 4]' localhost:8080/score
//	curl localhost:8080/metrics
//
// When more calls wait than -queue allows, it answers 503 at once instead of
// letting everybody wait longer. On SIGTERM it finishes what it has begun.
package main

import (
	"context"
	"embed"
	"flag"
	"log"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

//go:embed model.pt
var files embed.FS

func main() {
	address := flag.String("address", "localhost:8080", "where to listen")
	queue := flag.Int("queue", 64, "how many calls may wait")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := torch.SetLimits(torch.Limits{Queue: *queue}); err != nil {
		log.Fatal(err)
	}
	model, err := jit.LoadFS(files, "model.pt")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("serving on http://%s", listener.Addr())
	if err := serve(ctx, listener, handler(model)); err != nil {
		log.Fatal(err)
	}
}

// serve answers until ctx ends, and then finishes what it has begun.
func serve(ctx context.Context, listener net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return server.Shutdown(grace)
}
