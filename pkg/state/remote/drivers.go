//go:build !polyplan_no_cloud

package remote

// The drivers of buckets. They make up most of the program's size; with the tag
// polyplan_no_cloud it is built without them.
import (
	_ "gocloud.dev/blob/azureblob"
	_ "gocloud.dev/blob/gcsblob"
	_ "gocloud.dev/blob/s3blob"
)
