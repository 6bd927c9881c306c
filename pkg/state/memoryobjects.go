package state

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"
)

// MemoryObjects are Objects in memory, for tests.
type MemoryObjects struct {
	mu      sync.Mutex
	content map[string][]byte
	time    map[string]time.Time
}

// NewMemoryObjects has no objects yet.
func NewMemoryObjects() *MemoryObjects {
	return &MemoryObjects{content: map[string][]byte{}, time: map[string]time.Time{}}
}

// Create implements Objects.
func (m *MemoryObjects) Create(ctx context.Context, name string, content []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.content[name]; ok {
		return fs.ErrExist
	}
	m.content[name], m.time[name] = slices.Clone(content), time.Now()
	return nil
}

// Get implements Objects.
func (m *MemoryObjects) Get(ctx context.Context, name string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.content[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(b), nil
}

// List implements Objects.
func (m *MemoryObjects) List(ctx context.Context, prefix string) ([]Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Item
	for name := range m.content {
		if strings.HasPrefix(name, prefix) {
			out = append(out, Item{name, m.time[name]})
		}
	}
	return out, nil
}

// Delete implements Objects.
func (m *MemoryObjects) Delete(ctx context.Context, names ...string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range names {
		delete(m.content, name)
		delete(m.time, name)
	}
	return nil
}

// Close implements Objects.
func (m *MemoryObjects) Close() error { return nil }

var _ Objects = (*MemoryObjects)(nil)
