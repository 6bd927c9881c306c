package kinds

import "github.com/polyplan/polyplan/pkg/resource"

// BulkSync copies whole schemas from one connection into another (API dossier
// 8.13, 8.14). Its schedules are those of the sync itself; the calls of 8.15 are
// another view of them, and nobody knows how the two go together.
var BulkSync = resource.Kind{
	Name:    "bulk_sync",
	Section: "bulk_syncs",
	Path:    "/api/bulk/syncs",
	Doc: `a copy of whole tables or objects of one connection in another, run on a schedule

` + "`schemas`" + ` chooses what is copied, by the source's own ids: a list of them, or a
map that says more of each. Once it is there it says all: a schema that it leaves
out is not copied, nor is a field that the ` + "`fields`" + ` of a schema leave out, and
one that somebody turns on in the app is drift. Where the manifest sets
` + "`automatically_add_new_objects`" + ` or ` + "`automatically_add_new_fields`" + ` to let new
ones in, those are no drift. Without ` + "`schemas`" + ` a new bulk sync copies all that
the source has; without ` + "`fields`" + ` a schema has all of its fields. Later the
choice is left to people in the app.

What the service is told is never more than that: an update repeats what is
chosen, also of what the manifest does not mention.

A bulk sync is made when the service has read the source's schemas, for which
` + "`polyplan apply`" + ` waits (` + "`--schema-wait`" + `).`,
	Example: `bulk_syncs:
  hubspot_to_warehouse:
    source: hubspot
    destination: {connection: warehouse, configuration: {schema: hubspot}}
    schedule: {frequency: hourly, minute: 15}
    additional_schedules:
      nightly: {frequency: daily, hour: 3, selective_mode: nonincrementalFields}
    automatically_add_new_fields: none
    schemas:
      companies: true
      contacts:
        fields:
          id: true
          email: {obfuscate: true}
          createdate: {output_name: created_at}
        filters:
          recent: {field: createdate, function: OnOrAfter, value: "2024-01-01"}
`,
	Fields: []resource.Field{
		nameRow,
		{Name: "source", Type: resource.Struct, Short: "connection", Required: true, Custom: true, Fields: sideRows("reads from", resource.From),
			Doc: "Where it reads. A name alone is the connection."},
		{Name: "destination", Type: resource.Struct, Short: "connection", Required: true, Custom: true, Fields: sideRows("writes to", resource.Into),
			Doc: "Where it writes. A name alone is the connection."},
		{Name: "mode", Type: resource.String, Filled: "replicate", Enum: []string{"snapshot", "replicate"},
			Doc: "How it writes; which modes there are depends on the destination. Default: replicate."},
		{Name: "active", Type: resource.Bool, Filled: true, Last: "activate",
			Doc: "Whether it runs on its schedule; an inactive one can still be started by hand. Default: true."},
		bulkScheduleRow,
		{Name: "additional_schedules", Type: resource.Map, Whole: true, Custom: true,
			Match: []string{}, Claims: stampMembers, // any may be any: the most alike is
			Elem: &additionalRow,
			Doc:  "Further schedules, each under a name of your own."},
		{Name: "schemas", Type: resource.Map, KeyedBy: "id", Whole: true, Off: "enabled", Stays: true, Apart: true, Flow: resource.What,
			Open: letsIn("automatically_add_new_objects"), Elem: &schemaRow,
			Doc: "What is copied, by the source's ids: public.users, contacts. Default: all of a new bulk sync; later what is chosen in the app."},
		{Name: "automatically_add_new_objects", Type: resource.String, Enum: newModes, Default: "none",
			Doc: "Which schemas that the source gets later are copied by themselves. Default: none."},
		{Name: "automatically_add_new_fields", Type: resource.String, Enum: newModes, Default: "all",
			Doc: "Which fields that a schema gets later are copied by themselves. Default: all."},
		{Name: "normalize_names", Type: resource.String, Enum: []string{"enabled", "disabled", "legacy"}, Default: "enabled",
			Doc: "Whether names are made fit for the destination. Default: enabled."},
		{Name: "disable_record_timestamps", Type: resource.Bool, Default: false,
			Doc: "Whether to leave out the times at which records were copied."},
		{Name: "data_cutoff_timestamp", Type: resource.Time, Doc: "Records older than this are left out. Not every source knows it."},
		{Name: "concurrency_limit", Type: resource.Int, Doc: "How many schemas are copied at one time."},
		{Name: "resync_concurrency_limit", Type: resource.Int, Doc: "How many are while all is copied anew."},
		{Name: "discover", Type: resource.Bool, Default: false, Deprecated: "use automatically_add_new_objects.",
			Doc: "The older word for taking in new schemas, in version 2024-02-08 of the API."},
		policiesRow,
		organizationRow,
	},
	After:  []string{SchemaFields.Name, PrimaryKeys.Name},
	Claims: []string{"source_connection_id", "source_configuration", "destination_connection_id", "destination_configuration", "default_schedule"},
	Slow:   true,
	ListIsFull: func(_ string, item map[string]any) bool { // API dossier 4 says so; nobody has seen 2025-09-18
		return item == nil || item["destination_connection_id"] != nil && (item["schedule"] != nil || item["default_schedule"] != nil)
	},
	Encoded: encodeBulkSync,
	Decoded: decodeBulkSync,
	AsSent:  bulkSyncAsSent,
	Form:    formBulkSync,
	Read:    readBulkSync,
	Follow:  followBulkSync,
	Ready:   readyForBulkSync,
	Align:   alignBulkSync,
	Check:   checkBulkSync,
	Survey:  surveyBulkSync,
}

// newModes say what is taken in by itself.
var newModes = []string{"all", "onlyIncremental", "onlyNonIncremental", "none"}

// letsIn reports whether the manifest lets new ones in. Silence does not, though
// the service's own default may: what the manifest lists is then all that it
// asked for.
func letsIn(field string) func(resource.Object) bool {
	return func(root resource.Object) bool {
		mode := textOf(root[field])
		return mode != "" && mode != "none"
	}
}

func sideRows(does string, flow resource.Flow) []resource.Field {
	return []resource.Field{
		{Name: "connection", Type: resource.Ref, To: Connection.Name, Required: true, Flow: flow, Doc: "The connection that it " + does + "."},
		{Name: "configuration", Type: resource.Any, Labelled: true, Deep: true, Doc: "Settings by the connection's type. Keys that the manifest leaves out are left as they are."},
	}
}

// bulkTimeRows are the members of a schedule, which cannot wait for other syncs.
func bulkTimeRows(frequencies ...string) []resource.Field {
	rows := []resource.Field{{Name: "frequency", Type: resource.String, Required: true, Enum: frequencies, Doc: "How often."}}
	for _, name := range []string{"minute", "hour", "day_of_week", "day_of_month", "month"} {
		rows = append(rows, *resource.Lookup(scheduleRows, name))
	}
	return rows
}

var bulkScheduleRow = resource.Field{Name: "schedule", Type: resource.Struct, Short: "frequency", Whole: true, Required: true, Claims: append([]string{"multi"}, stampMembers...),
	Fields: append(bulkTimeRows("manual", "continuous", "hourly", "daily", "weekly", "custom", "builder", "multi"),
		// Part of requests, and nobody says what it means: it is sent back as it was.
		resource.Field{Name: "multi_type", Type: resource.String, Stays: true, Doc: "With multi: the service's own word, carried along by itself."}),
	Doc: "When it runs, in UTC. A word alone is the frequency; multi says that additional_schedules are all there is."}

// stampMembers are what a schedule in an answer has besides what it is.
var stampMembers = []string{"created_at", "created_by", "updated_at", "updated_by"}

// additionalRow is a schedule beside that of the sync itself.
var additionalRow = resource.Field{Type: resource.Struct, Short: "frequency", Whole: true, Fields: append(
	bulkTimeRows("manual", "continuous", "hourly", "daily", "weekly", "custom", "builder"),
	resource.Field{Name: "selective_mode", Type: resource.String, Default: "none", Enum: []string{"none", "incrementalFields", "nonincrementalFields"},
		Doc: "Which fields it copies: none is no choice, all of them. Default: none."},
	resource.Field{Name: "resync_mode", Type: resource.String, Default: "normal", Enum: []string{"normal", "refetch", "resync", "rebuild"},
		Doc: "How it copies. Default: normal; others need version 2025-09-18 of the API."},
	resource.Field{Name: "schemas", Type: resource.List, Set: true, Elem: &resource.Field{Type: resource.String},
		Doc: "Ids of the schemas that it copies. Default: all; others need version 2025-09-18 of the API."},
)}

// schemaRow is what is chosen of a schema.
var schemaRow = resource.Field{Type: resource.Struct, Short: "enabled", Keeps: true, Fields: []resource.Field{
	{Name: "enabled", Type: resource.Bool, Default: true, Doc: "Whether it is copied. Default: true."},
	{Name: "fields", Type: resource.Map, KeyedBy: "id", Whole: true, Off: "enabled", Stays: true, Flow: resource.What,
		Open: letsIn("automatically_add_new_fields"),
		Elem: &resource.Field{Type: resource.Struct, Short: "enabled", Keeps: true, Fields: []resource.Field{
			{Name: "enabled", Type: resource.Bool, Default: true, Doc: "Whether it is copied. Default: true."},
			{Name: "obfuscate", Type: resource.Bool, Default: false, Doc: "Whether its values are made unreadable."},
			{Name: "output_name", API: "user_output_name", Type: resource.String, Doc: "Its name in the destination. Default: the service's choice."},
		}},
		Doc: "The fields that are copied, by the source's ids. Default: all of a new schema; later what is chosen in the app."},
	{Name: "filters", Type: resource.Map, Whole: true,
		Elem: &resource.Field{Type: resource.Struct, Whole: true, Keeps: true, Fields: []resource.Field{
			{Name: "field", API: "field_id", Type: resource.String, Required: true, Doc: "The field that is tested."},
			{Name: "function", Type: resource.String, Required: true, Enum: filterFunctions, Doc: "The test."},
			{Name: "value", Type: resource.Any, Doc: "What it is tested against, by the function."},
		}},
		Doc: "Which records are copied, each filter under a name of your own."},
	{Name: "partition_key", Type: resource.String, Doc: "The field by which the copy is partitioned."},
	{Name: "tracking_field", Type: resource.String, Doc: "The field by which changed records are found."},
	{Name: "data_cutoff_timestamp", Type: resource.Time, Doc: "Records older than this are left out, in place of the bulk sync's own limit."},
	{Name: "disable_data_cutoff", Type: resource.Bool, Default: false, Doc: "Whether the bulk sync's own limit does not hold here."},
	{Name: "output_name", API: "user_output_name", Type: resource.String, Doc: "Its name in the destination. Default: the service's choice."},
}}
