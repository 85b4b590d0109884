package sigv4

import "testing"

func BenchmarkVerify(b *testing.B) {
	r := signedPost(b, nil)
	body, now, v := []byte(describe), suiteTime(), suiteVerifier()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := v.Verify(r, body, now); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
