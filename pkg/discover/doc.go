// Package discover asks the service what lies behind connections. Its [Service]
// is the [schema.Reader] of a run that has a network.
//
// Each question is asked once a run, whoever needs the answer. The first question
// about a connection goes alone: if the connection cannot be used, the others
// get that answer without being asked, so that a database that is down costs one
// time-out and not one for each of its models.
//
// Questions are GETs. Where the service has no way to put one into a GET, as for
// the configuration of an Airtable model (API dossier 8.8), it is asked by a
// preview, which saves nothing but is a POST; so are the inputs of an enrichment.
// Only [Service.Previews] allows that.
package discover
