package transport

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/internal/cert"
)

// What cannot be trusted gets no request, and the reason is told in words.
func TestTLS(t *testing.T) {
	ours, theirs := cert.NewAuthority(t), cert.NewAuthority(t)
	for _, tt := range []struct {
		name   string
		config *tls.Config
		text   string // "" if all is well
	}{
		{"good", &tls.Config{Certificates: []tls.Certificate{ours.Server(t, "polytomic.test")}}, ""},
		{"expired", &tls.Config{Certificates: []tls.Certificate{ours.Server(t, "polytomic.test", func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
		})}}, "certificate has expired or is not yet valid"},
		{"not yet valid", &tls.Config{Certificates: []tls.Certificate{ours.Server(t, "polytomic.test", func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(24*time.Hour), time.Now().Add(48*time.Hour)
		})}}, "certificate has expired or is not yet valid"},
		{"for another host", &tls.Config{Certificates: []tls.Certificate{ours.Server(t, "other.test", func(c *x509.Certificate) {
			c.IPAddresses = nil
		})}}, "cannot validate certificate for 127.0.0.1"},
		{"self-signed", &tls.Config{Certificates: []tls.Certificate{(&cert.Authority{}).Server(t, "polytomic.test")}}, "signed by unknown authority"},
		{"of another authority", &tls.Config{Certificates: []tls.Certificate{theirs.Server(t, "polytomic.test")}}, "signed by unknown authority"},
		{"for clients", &tls.Config{Certificates: []tls.Certificate{ours.Server(t, "polytomic.test", func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		})}}, "incompatible key usage"},
		{"TLS 1.0", &tls.Config{Certificates: []tls.Certificate{ours.Server(t, "polytomic.test")},
			MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, "protocol version"},
		{"a certificate is asked for", &tls.Config{Certificates: []tls.Certificate{ours.Server(t, "polytomic.test")},
			ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}, "handshake failure"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &answers{list: []string{"200 {}"}}
			s := httptest.NewUnstartedServer(a)
			s.Config.ErrorLog, s.TLS = quiet(), tt.config
			s.StartTLS()
			defer s.Close()
			c := open(t, s.URL, newClock(), func(o *Options) { o.RootCAs = ours.Pool() })
			_, err := c.Do(t.Context(), Request{Method: "PUT", Path: "/api/x"})
			if tt.text == "" {
				if err != nil || len(a.seen()) != 1 {
					t.Errorf("%v, %q", err, a.seen())
				}
				return
			}
			var ne *NetworkError
			if !errors.As(err, &ne) || ne.Phase != PhaseTLS || !strings.Contains(err.Error(), tt.text) || !strings.Contains(ne.Hint(), "SSL_CERT_FILE") {
				t.Errorf("error %v, want %q", err, tt.text)
			}
			if len(a.seen()) > 0 || MayHaveEffect(err) || c.Stats().Requests != 1 {
				t.Errorf("the server has %q; %+v", a.seen(), c.Stats())
			}
		})
	}
}

// TestClientCertificate: in TLS 1.3 the server refuses after our side of the
// handshake, when the request is on its way. Mostly its reason arrives; sometimes
// the end of the connection is quicker.
func TestClientCertificate(t *testing.T) {
	ours := cert.NewAuthority(t)
	a := &answers{list: []string{"200 {}"}}
	s := httptest.NewUnstartedServer(a)
	s.Config.ErrorLog = quiet()
	s.TLS = &tls.Config{Certificates: []tls.Certificate{ours.Server(t, "polytomic.test")}, ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	defer s.Close()
	told := 0
	for range 20 {
		c := open(t, s.URL, newClock(), func(o *Options) { o.RootCAs = ours.Pool() })
		_, err := c.Do(t.Context(), Request{Method: "PUT", Path: "/api/x"})
		var ne *NetworkError
		if !errors.As(err, &ne) {
			t.Fatalf("error: %v", err)
		}
		if ne.Phase == PhaseTLS && !ne.Sent && strings.Contains(err.Error(), "it wants a certificate of its clients, which polyplan does not have") {
			told++
		}
	}
	if len(a.seen()) > 0 || told == 0 {
		t.Errorf("the reason was told %d times of 20; the server has %q", told, a.seen())
	}
}

// TestNoClearText: a server that cannot do TLS gets no byte of a request, however
// often it is asked.
func TestNoClearText(t *testing.T) {
	for _, answer := range []string{"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/\r\n\r\n", "", "\x15\x03\x01\x00\x02\x02\x28"} {
		var mu sync.Mutex
		var got []byte
		base := raw(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			b := make([]byte, 4096)
			n, _ := r.Read(b)
			mu.Lock()
			got = append(got, b[:n]...)
			mu.Unlock()
			conn.Write([]byte(answer))
		})
		c := open(t, strings.Replace(base, "http:", "https:", 1), newClock())
		_, err := c.Do(t.Context(), Request{Method: http.MethodPost, Path: "/api/secret", Body: "b", Key: "key-00000001"})
		mu.Lock()
		if err == nil || MayHaveEffect(err) || len(got) == 0 || got[0] != 0x16 || strings.Contains(string(got), "/api/") || strings.Contains(string(got), testKey) {
			t.Errorf("after %q: %v; the server got %q", answer, err, got)
		}
		mu.Unlock()
	}
}
