package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// reads notes files that the run reads, which nothing that it writes may replace.
func (a *app) reads(paths ...string) { a.inputs = append(a.inputs, paths...) }

// readsScenario notes a scenario's file and its data.
func (a *app) readsScenario(path string, s *scenarios.Scenario) {
	a.reads(path)
	names := []string{s.Data.Panel}
	for _, m := range s.Shoppers.Models() {
		names = append(names, m.Data)
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		if full, file, err := s.Open(name); err == nil {
			file.Close()
			a.reads(full)
		}
	}
}

// target is where a file is written that was asked for: behind links. What the run reads, what is no regular file, and a folder that is not
// there are refused.
func (a *app) target(path, flag string) (string, error) {
	refused := func(found string) (string, error) {
		return "", &field.Error{Key: flag, Found: path + ": " + found, Expected: "a new file in a folder that exists, or one that may be replaced"}
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return refused("its folder: " + reason(err))
	}
	info, err := os.Stat(path)
	switch _, there := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist) && there == nil:
		return refused("a link to nothing")
	case errors.Is(err, fs.ErrNotExist):
		return path, nil
	case err != nil:
		return refused(reason(err))
	case info.IsDir():
		return refused("a folder")
	case !info.Mode().IsRegular():
		return refused("no regular file")
	}
	for _, input := range a.inputs {
		if read, err := os.Stat(input); err == nil && os.SameFile(read, info) {
			return refused("a file that is read here")
		}
	}
	return filepath.EvalSymlinks(path)
}

// write writes a file whole or not at all.
func (a *app) write(path, flag string, mode fs.FileMode, write func(io.Writer) error) error {
	path, err := a.target(path, flag)
	if err != nil {
		return err
	}
	partial, err := a.target(path+".partial", flag)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(partial, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return &field.Error{Key: flag, Found: path + ": " + reason(err), Expected: "a file that can be written"}
	}
	err = write(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(partial, path)
	}
	if err != nil {
		_ = os.Remove(partial) // it may not be there
		return &field.Error{Key: flag, Found: path + ": " + reason(err), Expected: "a file that can be written"}
	}
	return nil
}

// bytesTo writes what is at hand.
func bytesTo(text []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}
}
