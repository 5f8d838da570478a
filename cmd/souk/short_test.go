//go:build !long

package main

// long asks for the tests that take minutes.
const long = false
