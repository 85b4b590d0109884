// Package archtest holds the tests of the shape of the code: who may import
// whom, where products may be named, which packages are pure, how long a file
// may be. Each failure says what to do.
//
// It ships nothing and judges source text only: what the code does is tested
// beside the code.
package archtest
