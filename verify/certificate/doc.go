// Package certificate writes down which files were verified, with which answer,
// and tells later whether the files at hand are those.
//
// A certificate is an in-toto Statement v1, so that what signs and stores
// attestations takes it as it is: its subjects are the files with their SHA-256,
// its predicate is the report of the check and the hashes of the weights.
// docs/certificate.md describes it. It is not signed here.
//
// Checking one opens neither libtorch nor the models: it hashes files.
package certificate
