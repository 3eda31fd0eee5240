// Package worker lets a program do parts of its work in child processes, which are
// the program itself, started once more: a crash, a time or a memory limit then ends
// a part, and not the whole.
//
// A program that wants this calls Serve at the start of main. In a child Serve
// answers requests until there are none, and does not return.
//
// Requests and answers travel over two pipes, descriptors 3 and 4 of the child, so
// that whatever libraries print disturbs nothing. Each is a frame: four letters, the
// lengths of a header of JSON and of the bytes behind it, and those. The first
// answer of a child says which version of the protocol it speaks. A child answers
// one request after the other, and any number of them.
package worker
