package power

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
)

// device is what can be served as a disk.
type device interface {
	Size() int64
	Read(p []byte, at int64) error
	Write(p []byte, at int64) error
	Flush() error
}

// The protocol of network block devices in its oldest form, which QEMU speaks too:
// https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md.
const (
	nbdMagic   = "NBDMAGIC\x00\x00\x42\x02\x81\x86\x12\x53"
	nbdFlags   = 1 | 4 // these are flags; there are flushes
	nbdPadding = 124

	nbdRequestMagic = 0x25609513
	nbdReplyMagic   = 0x67446698
	nbdLargest      = 32 << 20

	nbdRead  = 0
	nbdWrite = 1
	nbdEnd   = 2
	nbdFlush = 3

	nbdEIO = 5
)

type nbdHello struct {
	Magic   [len(nbdMagic)]byte
	Size    uint64
	Flags   uint32
	Padding [nbdPadding]byte
}

type nbdRequest struct {
	Magic       uint32
	Flags, Kind uint16
	Cookie, At  uint64
	Size        uint32
}

type nbdReply struct {
	Magic, Error uint32
	Cookie       uint64
}

// serve serves a device to one client, until it goes.
func serve(conn net.Conn, d device) error {
	defer conn.Close()
	in, out := bufio.NewReader(conn), bufio.NewWriter(conn)
	hello := nbdHello{Size: uint64(d.Size()), Flags: nbdFlags}
	copy(hello.Magic[:], nbdMagic)
	if err := binary.Write(out, binary.BigEndian, hello); err != nil {
		return err
	}
	for {
		if err := out.Flush(); err != nil {
			return nil // it has gone
		}
		var r nbdRequest
		if err := binary.Read(in, binary.BigEndian, &r); err != nil || r.Kind == nbdEnd {
			return nil
		}
		if r.Magic != nbdRequestMagic || r.Size > nbdLargest {
			return errors.New("what came is no request of NBD")
		}
		data := make([]byte, r.Size)
		var err error
		switch r.Kind {
		case nbdRead:
			err = d.Read(data, int64(r.At))
		case nbdWrite:
			if _, err := io.ReadFull(in, data); err != nil {
				return nil
			}
			err = d.Write(data, int64(r.At))
		case nbdFlush:
			err = d.Flush()
		default:
			err = errors.ErrUnsupported
		}
		reply := nbdReply{Magic: nbdReplyMagic, Cookie: r.Cookie}
		if err != nil {
			reply.Error = nbdEIO
		}
		if err := binary.Write(out, binary.BigEndian, reply); err != nil {
			return nil
		}
		if r.Kind == nbdRead && err == nil {
			if _, err := out.Write(data); err != nil {
				return nil
			}
		}
	}
}
