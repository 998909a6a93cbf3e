// Checks a published log with the code of Go's own checksum database: note and tlog.
//
// gocheck FOLDER VKEY [OLD-CHECKPOINT [PROOF]]: the checkpoint's signature, every entry against the
// authenticated tiles, consistency with an older checkpoint, and a .tlog-proof.
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type folder string

func (f folder) Height() int                           { return 8 }
func (f folder) SaveTiles(_ []tlog.Tile, _ [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		path := strings.Replace(t.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(f), path))
		if os.IsNotExist(err) { // a full tile stands for its partial ones
			full, _, _ := strings.Cut(path, ".p/")
			data, err = os.ReadFile(filepath.Join(string(f), full))
			if err == nil {
				data = data[:t.W*tlog.HashSize]
			}
		}
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func require(err error) {
	if err != nil {
		fmt.Println("FALSE:", err)
		os.Exit(1)
	}
}

func hash(text string) tlog.Hash {
	var h tlog.Hash
	data, err := base64.StdEncoding.DecodeString(text)
	require(err)
	copy(h[:], data)
	return h
}

func open(msg []byte, vkey string) tlog.Tree {
	v, err := note.NewVerifier(vkey)
	require(err)
	n, err := note.Open(msg, note.VerifierList(v))
	require(err)
	lines := strings.Split(n.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	require(err)
	if lines[0] != v.Name() {
		require(fmt.Errorf("origin %q is not the key's", lines[0]))
	}
	return tlog.Tree{N: size, Hash: hash(lines[2])}
}

func read(dir string, tree tlog.Tree, n int64) []byte {
	t := tlog.Tile{H: 8, L: 0, N: n / 256, W: int(min(256, tree.N-n/256*256))}
	path := strings.Replace(t.Path(), "tile/8/0/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(dir, path))
	require(err)
	return data
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

func entries(dir string, tree tlog.Tree, reader tlog.HashReader) {
	for n := int64(0); n < tree.N; n += 256 {
		data := read(dir, tree, n)
		for i := n; i < min(n+256, tree.N); i++ {
			length := int(data[0])<<8 | int(data[1])
			h, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, i)})
			require(err)
			if tlog.RecordHash(data[2:2+length]) != h[0] {
				require(fmt.Errorf("entry %d is not what the tree holds", i))
			}
			data = data[2+length:]
		}
		if len(data) != 0 {
			require(fmt.Errorf("%d bytes follow the bundle at %d", len(data), n))
		}
	}
}

func proof(data []byte, vkey string) {
	head, msg, _ := bytes.Cut(data, []byte("\n\n"))
	tree := open(msg, vkey)
	var entry []byte
	var index int64
	var path tlog.RecordProof
	var err error
	for _, line := range strings.Split(string(head), "\n")[1:] {
		word, value, _ := strings.Cut(line, " ")
		switch word {
		case "extra":
			entry, err = base64.StdEncoding.DecodeString(value)
		case "index":
			index, err = strconv.ParseInt(value, 10, 64)
		default:
			path = append(path, hash(word))
		}
		require(err)
	}
	require(tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(entry)))
}

func main() {
	dir, vkey := os.Args[1], os.Args[2]
	msg, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	require(err)
	tree := open(msg, vkey)
	reader := tlog.TileHashReader(tree, folder(dir))
	entries(dir, tree, reader)
	if len(os.Args) > 3 {
		old, err := os.ReadFile(os.Args[3])
		require(err)
		before := open(old, vkey)
		path, err := tlog.ProveTree(tree.N, before.N, reader)
		require(err)
		require(tlog.CheckTree(path, tree.N, tree.Hash, before.N, before.Hash))
	}
	if len(os.Args) > 4 {
		data, err := os.ReadFile(os.Args[4])
		require(err)
		proof(data, vkey)
	}
	fmt.Println("OK:", tree.N)
}
