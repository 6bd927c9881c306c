package remote

// The drivers of buckets that gocloud.dev opens by their URLs.
import (
	_ "gocloud.dev/blob/azureblob"
	_ "gocloud.dev/blob/s3blob"
)
