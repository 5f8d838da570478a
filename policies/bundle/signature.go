package bundle

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

const signatureName = "manifest.sig"

// signatureKind begins the one line of manifest.sig: "ed25519 PUBLICKEY SIGNATURE", both in base64.
const signatureKind = "ed25519"

// Sign returns the contents of manifest.sig for a folder's manifest, under which all of the bundle stands (RFC 8032). The bundle is loaded
// first: what does not check itself is not signed.
func Sign(folder fs.FS, key ed25519.PrivateKey) ([]byte, error) {
	if _, err := Load(without{folder, signatureName}); err != nil {
		return nil, err
	}
	manifest, err := fs.ReadFile(folder, manifestName)
	if err != nil {
		return nil, err
	}
	encode := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, "%s %s %s\n", signatureKind, encode(key.Public().(ed25519.PublicKey)), encode(ed25519.Sign(key, manifest))), nil
}

// without is a folder but for one file.
type without struct {
	fs.FS
	name string
}

// Open implements fs.FS.
func (w without) Open(name string) (fs.File, error) {
	if name == w.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return w.FS.Open(name)
}

// signer returns who signed a manifest, nil for nobody, and refuses a signature that is not of this manifest. Whether the signer is to be
// trusted is for the caller to say: whoever changes a bundle can sign it anew with a key of his own.
func signer(folder fs.FS, manifest []byte) (ed25519.PublicKey, error) {
	text, err := read(folder, signatureName, 1<<10)
	var missing *field.Error
	if errors.As(err, &missing) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	words := strings.Split(string(text), " ")
	if len(words) != 3 || words[0] != signatureKind || !bytes.HasSuffix(text, []byte("\n")) {
		return nil, bad(signatureName, "", "something else", signatureKind+" PUBLICKEY SIGNATURE, on one line")
	}
	decode := base64.StdEncoding.Strict().DecodeString
	key, err1 := decode(words[1])
	signature, err2 := decode(strings.TrimSuffix(words[2], "\n"))
	if err := errors.Join(err1, err2); err != nil || len(key) != ed25519.PublicKeySize {
		return nil, bad(signatureName, "", "something else", "a public key of 32 bytes and a signature, in base64")
	}
	if !ed25519.Verify(key, manifest, signature) {
		return nil, bad(signatureName, "", "a signature of something else", "one of this manifest.json")
	}
	return key, nil
}
