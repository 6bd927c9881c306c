package kinds

import "github.com/polyplan/polyplan/pkg/resource"

// Sync carries a model's records into a target (API dossier 8.10, 8.11).
var Sync = resource.Kind{
	Name:    "sync",
	Section: "syncs",
	Path:    "/api/syncs",
	Doc: `a mapping of model fields to the fields of a target, run on a schedule

A sync takes records from one model, or from several that relations join, finds
each in the target by its identity, and writes the mapped fields as its mode
says. It is active unless the manifest says ` + "`active: false`" + `.`,
	Example: `syncs:
  users_to_hubspot:
    mode: updateOrCreate
    schedule: {frequency: daily, hour: 8, minute: 30}
    target: {connection: hubspot, object: contacts}
    identity: {source: users.email, target: email}
    fields:
      firstname: users.first_name
      lastname: {source: users.last_name, sync_mode: create}
      source_system: {value: warehouse}
    filters:
      paying: {source: users.plan, function: Inequality, value: free}
      gone: {source: users.deleted_at, function: IsNotNull}
    filter_logic: paying AND NOT gone
`,
	Fields: []resource.Field{
		nameRow,
		{Name: "mode", Type: resource.String, Required: true,
			Enum: []string{"create", "update", "updateOrCreate", "replace", "append", "remove", "snapshot"},
			Doc:  "What it does with a record. Which modes there are depends on the target object."},
		{Name: "active", Type: resource.Bool, Filled: true, Last: "activate",
			Doc: "Whether it runs, on its schedule or when started by hand. Default: true."},
		{Name: "schedule", Type: resource.Struct, Short: "frequency", Whole: true, Required: true, Fields: scheduleRows,
			Cut: resource.Object{"frequency": "manual"},
			Doc: "When it runs. A word alone is the frequency."},
		{Name: "target", Type: resource.Struct, Required: true, Claims: []string{"search_values", "filter_logic"}, Fields: []resource.Field{
			{Name: "connection", API: "connection_id", Type: resource.Ref, To: "connection", Required: true, Doc: "The connection that it writes to."},
			{Name: "object", Type: resource.String, Doc: "The target object's id: contacts, public.users."},
			{Name: "configuration", Type: resource.Any, Labelled: true, Doc: "Settings of the target, by the connection's type."},
			{Name: "create", Type: resource.Map, Whole: true, Elem: &resource.Field{Type: resource.String}, WriteOnly: true, OnCreate: true, Immutable: true,
				Doc: "Makes a new target object from these properties, in place of object."},
			{Name: "new_name", Type: resource.String, WriteOnly: true, OnCreate: true, Immutable: true,
				Doc: "The new object's name, for targets that take it apart from create."},
		}, Doc: "Where it writes."},
		{Name: "identity", Type: resource.Struct, Fields: []resource.Field{
			{Name: "source", Type: resource.SourceRef, Required: true, Doc: "The model field that identifies a record."},
			{Name: "target", Type: resource.String, Required: true, Doc: "The target field that it is compared with."},
			{Name: "function", Type: resource.String, Filled: "Equality",
				Enum: []string{"Equality", "ISubstring", "OneOf", "DomainMatch", "HostnameMatch"}, Doc: "How they are compared. Default: Equality."},
			{Name: "new_field", Type: resource.Bool, Implicit: true, Default: false, Doc: "Whether the target field is to be made."},
			{Name: "remote_field_type_id", Type: resource.String, Implicit: true, Doc: "The type of the target field that is to be made."},
		}, Doc: "How a record is found in the target; modes that change records need it."},
		{Name: "fields", Type: resource.Map, KeyedBy: "target", Whole: true, Required: true, Match: []string{"target"}, Also: []string{"override_fields"},
			Elem: &resource.Field{Type: resource.Struct, Short: "source", Whole: true, Fields: []resource.Field{
				{Name: "source", Type: resource.SourceRef, Doc: "The model field that is written: model.field."},
				{Name: "value", API: "override_value", Type: resource.String, Doc: "A constant that is written instead of a source."},
				{Name: "sync_mode", Type: resource.String, Enum: []string{"updateOrCreate", "create"}, Default: "updateOrCreate",
					Doc: "create does not overwrite what the target has. Default: updateOrCreate."},
				{Name: "new", Type: resource.Bool, Default: false, Once: true, Doc: "Whether the target field is to be made."},
				{Name: "encryption_enabled", Type: resource.Bool, Default: false, Doc: "Whether the value is encrypted."},
			}},
			Doc: "The mapping: target field, and the source field that it takes."},
		{Name: "filters", Type: resource.Map, Whole: true, Custom: true,
			Match: []string{"field", "field_id", "field_type"}, Claims: []string{"label"},
			Elem: &resource.Field{Type: resource.Struct, Whole: true, Fields: []resource.Field{
				{Name: "source", Type: resource.SourceRef, Doc: "The model field that is tested."},
				{Name: "field_id", Type: resource.String, Doc: "The service's id of the field, in place of source."},
				{Name: "function", Type: resource.String, Required: true, Enum: filterFunctions, Doc: "The test."},
				{Name: "value", Type: resource.Any, Doc: "What it is tested against, by the function."},
			}},
			Doc: "Which records are synced, each filter under a name of your own."},
		{Name: "filter_logic", Type: resource.String, Custom: true,
			Doc: "How the filters combine, in their names: paying AND NOT gone. Default: all apply."},
		{Name: "target_filters", Type: resource.Map, Whole: true, Custom: true,
			Elem: &resource.Field{Type: resource.Struct, Whole: true, Fields: []resource.Field{
				{Name: "target", Type: resource.String, Required: true, Doc: "The target field that is tested."},
				{Name: "function", Type: resource.String, Required: true, Enum: filterFunctions, Doc: "The test."},
				{Name: "value", Type: resource.Any, Doc: "What it is tested against, by the function."},
			}},
			Doc: "Which records of the target are touched, in mode update only."},
		{Name: "target_filter_logic", Type: resource.String, Custom: true,
			Doc: "How the target filters combine, in their names. Default: all apply."},
		{Name: "overrides", Type: resource.Map, Whole: true, Custom: true,
			Match: []string{"field", "field_id"}, Claims: []string{"field_type", "label"},
			Elem: &resource.Field{Type: resource.Struct, Whole: true, Fields: []resource.Field{
				{Name: "source", Type: resource.SourceRef, Doc: "The model field that is tested and replaced."},
				{Name: "field_id", Type: resource.String, Doc: "The service's id of the field, in place of source."},
				{Name: "function", Type: resource.String, Required: true, Enum: filterFunctions, Doc: "The test."},
				{Name: "value", Type: resource.Any, Doc: "What the field is tested against."},
				{Name: "override", Type: resource.Any, Required: true, Doc: "What is written where the test holds."},
			}},
			Doc: "Values that are replaced on a condition, each under a name of your own."},
		{Name: "sync_all_records", Type: resource.Bool, Default: false, Doc: "Whether every run takes all records, not only the changed ones."},
		{Name: "only_enrich_updates", Type: resource.Bool, Default: false, Doc: "Whether only changed records are enriched."},
		{Name: "skip_initial_backfill", Type: resource.Bool, Default: false, Doc: "Whether records that exist already are left out."},
		{Name: "encryption_passphrase", Type: resource.String, Sensitive: true, WriteOnly: true,
			Doc: "What encrypted fields are encrypted with."},
		policiesRow,
		organizationRow,
	},
	Claims:    []string{"override_fields", "model_ids"},
	Cancel:    "cancel",
	Unguarded: true,
	Uses:      map[string]string{"model": "model_ids"},
	Marks:     []string{"updated_at"},
	ListIsFull: func(version string, item map[string]any) bool { // API dossier 4: light items in 2025-09-18
		_, ok := item["fields"]
		return ok && item["target"] != nil || item == nil && version < "2025"
	},
	Encoded: encodeSync,
	Decoded: decodeSync,
	Normal:  normalSync,
	Align:   alignSync,
	Check:   checkSync,
	Survey:  surveySync,
}

// Schedules have the same members for every frequency; frequencyMembers says
// which of them count (API dossier 8.11).
var scheduleRows = []resource.Field{
	{Name: "frequency", Type: resource.String, Required: true,
		Enum: []string{"manual", "continuous", "hourly", "daily", "weekly", "custom", "builder", "runafter", "dbtcloud"},
		Doc:  "How often."},
	{Name: "minute", Type: resource.Numeral, Doc: "UTC; with hourly one of 0, 15, 30, 45."},
	{Name: "hour", Type: resource.Numeral, Doc: "UTC."},
	{Name: "day_of_week", Type: resource.Numeral, Doc: "A number, or a name such as monday."},
	{Name: "day_of_month", Type: resource.Numeral, Doc: "A number from 1."},
	{Name: "month", Type: resource.Numeral, Doc: "A number from 1."},
	{Name: "run_after", Type: resource.Struct, Whole: true, Fields: []resource.Field{
		{Name: "syncs", API: "sync_ids", Type: resource.List, Set: true, Elem: &resource.Field{Type: resource.Ref, To: "sync"}, Doc: "Syncs."},
		{Name: "bulk_syncs", API: "bulk_sync_ids", Type: resource.List, Set: true, Elem: &resource.Field{Type: resource.Ref, To: "bulk_sync"}, Doc: "Bulk syncs."},
	}, Doc: "With runafter: what it runs after."},
	{Name: "run_after_success_only", Type: resource.Bool, Implicit: true, Doc: "With runafter: whether it waits for a success."},
	{Name: "connection", API: "connection_id", Type: resource.Ref, To: "connection", Doc: "With dbtcloud: the dbt Cloud connection."},
	{Name: "job_id", Type: resource.Int, Doc: "With dbtcloud: the job."},
}

// frequencyMembers lists the members that count beside the frequency; nil
// means that nobody knows, so that all do.
var frequencyMembers = map[string][]string{
	"manual":     {},
	"continuous": {},
	"hourly":     {"minute"},
	"daily":      {"hour", "minute"},
	"weekly":     {"day_of_week", "hour", "minute"},
	"custom":     {"minute", "hour", "day_of_month", "month", "day_of_week"},
	"runafter":   {"run_after", "run_after_success_only"},
	"dbtcloud":   {"connection", "job_id"},
	"multi":      {},
}

var filterFunctions = []string{"Equality", "Inequality", "IsNull", "IsNotNull", "True", "False", "OnOrAfter", "OnOrBefore",
	"GreaterThan", "GreaterThanEqual", "LessThan", "LessThanEqual", "StringContains", "StringStartsWith", "StringEndsWith",
	"StringDoesNotContain", "StringDoesNotStartWith", "StringDoesNotEndWith", "StringOneOf", "StringNotOneOf", "Between",
	"ArrayContains", "ArrayDoesNotContain", "InTheLast", "RelativeOnOrBefore", "RelativeOnOrAfter", "StringLike",
	"StringNotLike", "StringMatchesTrimmed"}

// loneFunctions look at the field alone: they need no value.
var loneFunctions = []string{"IsNull", "IsNotNull", "True", "False"}
