package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/polyplan/polyplan/pkg/clock"
	"github.com/polyplan/polyplan/pkg/state"
)

// bucket keeps objects in a bucket, below a prefix.
type bucket struct{ *blob.Bucket }

// openBucket takes the prefix from the path of the URL, and leaves the rest of it
// to the driver.
func openBucket(ctx context.Context, u *url.URL) (state.Objects, error) {
	if u.Host == "" {
		return nil, fmt.Errorf("it lacks the name of a bucket: write it as in %s://bucket/prefix", u.Scheme)
	}
	prefix := strings.Trim(u.Path, "/")
	at := url.URL{Scheme: u.Scheme, Host: u.Host, RawQuery: u.RawQuery}
	q := u.Query()
	if u.Scheme == "s3" && q.Get("endpoint") != "" {
		// Servers of others rarely have a host for each bucket, and few know Amazon's
		// checksums in trailers.
		for name, value := range map[string]string{"use_path_style": "true", "region": "us-east-1",
			"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required"} {
			if !q.Has(name) {
				q.Set(name, value)
			}
		}
		at.RawQuery = q.Encode()
	}
	b, err := blob.OpenBucket(ctx, at.String())
	if err != nil {
		// The driver's text may quote the whole URL.
		return nil, errors.New(strings.ReplaceAll(err.Error(), at.String(), Redact(at.String())))
	}
	if prefix != "" {
		b = blob.PrefixedBucket(b, prefix+"/")
	}
	return bucket{b}, nil
}

func (b bucket) Create(ctx context.Context, name string, content []byte) error {
	err := b.WriteAll(ctx, name, content, &blob.WriterOptions{IfNotExist: true, ContentType: "application/octet-stream"})
	switch gcerrors.Code(err) {
	case gcerrors.FailedPrecondition, gcerrors.AlreadyExists:
		return fs.ErrExist
	}
	return err
}

// Get reads again what was cut off: drivers repeat a request that failed, but not
// one whose answer ended too soon.
func (b bucket) Get(ctx context.Context, name string) ([]byte, error) {
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		content, err := b.ReadAll(ctx, name)
		if gcerrors.Code(err) == gcerrors.NotFound {
			return nil, fs.ErrNotExist
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) || wait > time.Second || clock.Sleep(ctx, wait) != nil {
			return content, err
		}
	}
}

func (b bucket) List(ctx context.Context, prefix string) ([]state.Item, error) {
	var out []state.Item
	for at := b.Bucket.List(&blob.ListOptions{Prefix: prefix}); ; {
		o, err := at.Next(ctx)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, state.Item{Name: o.Key, Time: o.ModTime})
	}
}

func (b bucket) Delete(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := b.Bucket.Delete(ctx, name); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return err
		}
	}
	return nil
}
