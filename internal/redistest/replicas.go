package redistest

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"
)

func addrs(list []*Server) (out []string) {
	for _, s := range list {
		out = append(out, s.Addr())
	}
	return out
}

func running(list []*Server) []*Server {
	return slices.DeleteFunc(slices.Clone(list), func(s *Server) bool { return !s.process.Running() })
}

// caughtUp counts the masters among the running servers. The error names a replica that
// lacks something its master had when this began.
func caughtUp(list []*Server) (int, error) {
	var replicas []*Server
	offsets := map[string]string{}
	for _, s := range running(list) {
		info, err := s.replication()
		if err != nil {
			return 0, err
		}
		if info["role"] == "master" {
			offsets[s.Addr()] = info["master_repl_offset"]
		} else {
			replicas = append(replicas, s)
		}
	}
	for _, s := range replicas {
		info, err := s.replication()
		if err != nil {
			return 0, err
		}
		offset, known := offsets[net.JoinHostPort(info["master_host"], info["master_port"])]
		if !known || info["master_link_status"] != "up" || less(info["slave_repl_offset"], offset) {
			return 0, fmt.Errorf("%s has not caught up with its master at %q: %q", s.Addr(), offset, info)
		}
	}
	return len(offsets), nil
}

func (s *Server) replication() (map[string]string, error) {
	text, err := s.try(time.Second, "INFO", "replication")
	return fields(text), err
}

func less(a, b string) bool {
	n, errA := strconv.ParseInt(a, 10, 64)
	m, errB := strconv.ParseInt(b, 10, 64)
	return errA != nil || errB != nil || n < m
}
