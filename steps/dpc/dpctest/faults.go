package dpctest

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
)

// Fault answers a request instead of DPC. It returns false to let DPC answer.
type Fault func(w http.ResponseWriter, r *http.Request) bool

// Reply answers with a status, a content type and a body.
func Reply(status int, contentType, body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}
}

// HTML answers with a web page, as the sign-in page of a guest network does.
func HTML(status int) Fault {
	return Reply(status, "text/html; charset=utf-8",
		"<!DOCTYPE html>\n<html><head><title>Welcome, guest</title></head><body>Please sign in.</body></html>")
}

// Slow answers with nothing until the client goes away.
func Slow() Fault {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		<-r.Context().Done()
		return true
	}
}

// SlowBody sends the head of an answer, and then nothing until the client goes
// away.
func SlowBody() Fault {
	return func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return true
	}
}

// CutOff breaks the connection in the middle of an answer.
func CutOff() Fault {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"resourceType":`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// HangUp breaks the connection before any answer.
func HangUp() Fault {
	return func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }
}

// Call calls f, as to kill the client, and then does as the fault does.
func Call(f func(), then Fault) Fault {
	return func(w http.ResponseWriter, r *http.Request) bool {
		f()
		return then(w, r)
	}
}

// Garbage answers with bytes that are not HTTP.
func Garbage() Fault {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, "220 mail.example ready\r\n\r\n")
			_ = conn.Close()
		}
		return true
	}
}

// LongHead answers with a head of more than that many bytes.
func LongHead(bytes int) Fault {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("X-Long", strings.Repeat("a", bytes))
		return false
	}
}

// Huge answers with a body of that many bytes, all of it valid JSON.
func Huge(bytes int) Fault {
	return Reply(http.StatusOK, "application/json", `{"resourceType":"CapabilityStatement","name":"`+strings.Repeat("a", bytes)+`"}`)
}

// Redirect sends the client to another address.
func Redirect(status int, url string) Fault {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Location", url)
		w.WriteHeader(status)
		return true
	}
}

// TooMany answers 429 with a Retry-After of that many seconds.
func TooMany(seconds int) Fault {
	return func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		return Reply(http.StatusTooManyRequests, "application/json", `{"code":429,"message":"Too many requests"}`)(w, r)
	}
}

// Unavailable answers 503 as a load balancer does.
func Unavailable() Fault {
	return Reply(http.StatusServiceUnavailable, "text/html", "<html><body><h1>503 Service Unavailable</h1></body></html>")
}

// Times lets a fault answer the first n requests, and DPC the rest.
func Times(n int, f Fault) Fault {
	var seen atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) bool {
		return seen.Add(1) <= int64(n) && f(w, r)
	}
}

// Echo refuses with a message that repeats everything it was sent, to see
// whether the client repeats it in turn.
func Echo(status int) Fault {
	return func(w http.ResponseWriter, r *http.Request) bool {
		body := keep(r)
		answer(w, status, "application/json", object{
			"code": status, "message": "You sent " + r.Header.Get("Authorization") + " and " + body,
		})
		return true
	}
}
