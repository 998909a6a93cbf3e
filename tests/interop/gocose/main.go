// What Go's COSE and transparency-log libraries say of our bytes: one JSON question on standard
// input, one JSON answer on standard output. Nothing here is of the project but the questions.
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"

	"github.com/fxamacker/cbor/v2"
	"github.com/veraison/go-cose"
	"golang.org/x/mod/sumdb/tlog"
)

type item struct {
	Name   string `json:"name"`
	Hex    string `json:"hex"`
	Public string `json:"public"`
	Entry  string `json:"entry"`
	Root   string `json:"root"`
}

type question struct {
	Signed   []item `json:"signed"`
	Receipts []item `json:"receipts"`
}

type proof struct {
	_     struct{} `cbor:",toarray"`
	Size  int64
	Index int64
	Path  [][]byte
}

func main() {
	var asked question
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		panic(err)
	}
	answer := map[string]string{}
	for _, one := range asked.Signed {
		answer[one.Name] = said(verifySigned(one))
	}
	for _, one := range asked.Receipts {
		answer[one.Name] = said(verifyReceipt(one))
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		panic(err)
	}
}

func said(err error) string {
	if err != nil {
		return err.Error()
	}
	return "ok"
}

// verifySigned checks an event or a refusal: a COSE_Sign1 of an Ed25519 key.
func verifySigned(one item) error {
	return verify(one.Hex, cose.AlgorithmEdDSA, ed25519.PublicKey(bytesOf(one.Public)), nil)
}

// verifyReceipt checks the path to the root by tlog, and the signature over that root.
func verifyReceipt(one item) error {
	var message cose.Sign1Message
	if err := message.UnmarshalCBOR(bytesOf(one.Hex)); err != nil {
		return err
	}
	proofs, ok := message.Headers.Unprotected[int64(396)].(map[any]any)[int64(-1)].([]any)
	if !ok || len(proofs) != 1 {
		return fmt.Errorf("no inclusion proof under 396")
	}
	var found proof
	if err := cbor.Unmarshal(proofs[0].([]byte), &found); err != nil {
		return err
	}
	var path tlog.RecordProof
	for _, sibling := range found.Path {
		path = append(path, tlog.Hash(sibling))
	}
	root := bytesOf(one.Root)
	leaf := tlog.RecordHash(bytesOf(one.Entry))
	if err := tlog.CheckRecord(path, found.Size, tlog.Hash(root), found.Index, leaf); err != nil {
		return err
	}
	point := bytesOf(one.Public)
	key := &ecdsa.PublicKey{
		Curve: elliptic.P256(),
		X:     new(big.Int).SetBytes(point[1:33]),
		Y:     new(big.Int).SetBytes(point[33:]),
	}
	return verify(one.Hex, cose.AlgorithmES256, key, root)
}

func verify(data string, algorithm cose.Algorithm, key crypto.PublicKey, detached []byte) error {
	var message cose.Sign1Message
	if err := message.UnmarshalCBOR(bytesOf(data)); err != nil {
		return err
	}
	if detached != nil {
		message.Payload = detached
	}
	verifier, err := cose.NewVerifier(algorithm, key)
	if err != nil {
		return err
	}
	return message.Verify(nil, verifier)
}

func bytesOf(text string) []byte {
	data, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return data
}
