package serve

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

func TestEvidenceThatCannotBeReadKeepsNoServerFromStarting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad := bytes.Repeat([]byte("no database "), 1000)
	if err := os.WriteFile(EvidencePath(dir), bad, 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := openEvidence(t.Context(), dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	kept, err := filepath.Glob(EvidencePath(dir) + ".damaged-*")
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept are %v, %v", kept, err)
	}
	if text, err := os.ReadFile(kept[0]); err != nil || !bytes.Equal(text, bad) {
		t.Errorf("it was changed: %v", err)
	}
}
