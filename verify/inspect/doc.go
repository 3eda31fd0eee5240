// Package inspect says what is in a file of weights, and in what two of them
// differ. It is pure Go: it needs no libtorch, and executes nothing.
package inspect
