// Package record keeps what models computed on one machine, so that another machine,
// processor, GPU or libtorch can be held against it.
//
// A folder of records holds a small file of JSON for each check, in checks/, and the
// inputs and outputs that it names, in blobs/: safetensors files called by the SHA-256
// of their bytes, so that what several checks share is there once. Everything is
// written beside its place and renamed, blobs before what names them: a record is the
// old one or the new one, whatever happens in between.
//
// Importing the package lets verify have legs of the kind record, whose file is that
// of a check. Such a leg looks its outputs up by the bytes of the inputs, and its
// blobs are hashed before they are believed.
package record
