// Package command lets verify have legs that are programs: the original Python,
// say, or a service's client. Importing it is enough.
//
//	--leg python=command:./predict.py
//	--leg 'python=command:./predict.py,args=--device {device} {inputs} {output}'
//
// # What a program finds and leaves
//
// A temporary folder holds each input as an npy file, named as the argument of the
// method, x.npy, or by its number, 0.npy, where the inputs have no names. The
// program is started with the path of that folder, and the path of an empty one.
// In the latter it leaves its outputs: either one npz file, or npy files. An npy
// file named output.npy, or by a number, is an output without a name of its own;
// numbers give the order of a tuple.
//
// The option args says otherwise what the program is started with: words, in which
// {input} and {output} are the two folders, {inputs} as a word is the files of the
// inputs in their order, {input:x} is one of these files, and {device} is the
// device of the leg, "cpu" or "cuda:0". Commas can't be in it.
//
// The exit code 0 says that the outputs are there; what is written to standard
// output and error is shown when it is another one. A program runs in the working
// folder of verify, for as long as the check may run, and is killed with all that
// it has started.
package command
