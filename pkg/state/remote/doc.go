// Package remote opens the stores of states that lie on other machines, each
// named by a URL:
//
//	s3://bucket/prefix?region=eu-central-1     Amazon S3, or with endpoint=https://... any server like it
//	gs://bucket/prefix                         Google Cloud Storage, or with endpoint=https://... a server like it
//	azblob://container/prefix                  Azure Blob Storage
//	postgres://user@host/database?state=name   a table in PostgreSQL
//	https://host/path                          Terraform's HTTP backend protocol, as GitLab serves it
//
// What they have in common is a state.ObjectStore; a place adds nothing to it but
// how an object is created, read, listed and deleted there. Credentials come from
// where the programs of each place look for them: the environment, the files of
// their command lines, the machine's own role, or, where it must be, the URL. A
// password in a URL is shown nowhere, see Redact.
package remote
