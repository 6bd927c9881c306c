// Package transport carries one JSON request to Polytomic and brings one
// checked answer back. Everything between "I want to send this" and the bytes
// is here: the headers, the limits, the waiting and repeating, the strict
// reading of answers, and errors that say what happened in words.
//
//	client, err := transport.New(transport.Options{
//		BaseURL: "https://app.polytomic.com",
//		Key:     os.Getenv("POLYTOMIC_API_KEY"),
//		Version: "2024-02-08",
//	})
//	...
//	resp, err := client.Do(ctx, transport.Request{
//		Method: "POST", Path: "/api/syncs", Body: body, Key: idempotencyKey,
//	})
//	if transport.MayHaveEffect(err) {
//		// ask the server before trying anything else
//	}
//
// Words:
//
//   - A call is what a caller asks for: one Do. It makes one or more attempts,
//     and an attempt sends one request, or a few when a GET is redirected.
//   - A request is sent when its header was handed to a connection: from then
//     on the server may have carried it out. MayHaveEffect tells.
//   - A key is an idempotency key; the API key is the secret in Options.
//   - The data is the member "data" of an answer.
//
// # What it promises
//
// A repeat never multiplies an effect: a POST is sent again only under the
// same idempotency key with the same bytes, and only when no answer came, or
// the answer said "not now" (429, 503, or 409 while the key is locked). No
// repeat escapes the count: net/http's own resending is switched off.
//
// A sick server is left in peace: repeats are paid from a bucket shared by the
// whole client, so that a storm of failures costs at most 1.1 requests a call,
// and 10 more; being asked to slow down halves the number in flight and makes
// all calls wait.
//
// The API key and the bodies reach the configured scheme, host and port, and
// no other. No error and no log line holds the key.
//
// Any answer ends: in time, in bytes, in depth, in pages. All lists of a client
// together, and one large answer beside them, are what it holds in memory.
//
// # What it does not do
//
// It knows no resource kinds, decides nothing about what to send, prints
// nothing, and keeps nothing between runs. It speaks HTTP/1.1 only: there the
// fate of a request is that of its connection, while HTTP/2 resends by itself
// what a closing server did not get to.
//
// A Client may be used from many goroutines at once.
package transport
