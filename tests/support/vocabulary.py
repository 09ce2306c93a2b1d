"""The words that names are made of: verbs that functions begin with, and words that no name has."""

VERBS = frozenset(
    """
accept act adapt add address admit adopt advance align allocate allow annotate announce answer
append apply approve archive ask assemble assert assess assign attach attempt audit authorize await
back beat begin bisect blame block borrow bound break breathe brief bring build calculate call
cancel canonicalize cap capitalize capture carry catch censor chain change charge chart check choose
cite claim clamp classify clean clear clip clone close collect combine commit compare compile
complete compute conclude configure confine confirm connect consume contain convert copy correct
corrupt count create cut decide decode decrease define delay delete deliver deploy descend describe
detach detect diagnose dig disable discard disconnect discover dispatch drain draw drop dump echo
edit embed emit enable enclose encode end enlarge enqueue ensure enter erase escape estimate
evaluate examine exchange exclude excuse exec execute exhaust exit expand expect explain export
extend extract fail fall feed fence fetch fill filter find finish fit fix flap flatten flip flush
fold follow forbid force forge forget fork format forward freeze gather generalise generate get give
go grant greet group grow guard guess hand handle hang hash hide hit hold hook identify ignore
import indent index infer inherit init initialise inline inquire insert inspect install interact
interleave interrupt invalidate investigate invoke isolate iterate join journal judge jump keep kill
label launch lay leak learn lease leave lift limit link list listen load localise locate lock log
login look loop lower make map mark mask match measure mention merge migrate mode move multiply
mutate mute name narrate narrow need negate neutralise neutralize normalise note notify obey observe
offer omit open order overwrite pace pack pair park parse pass patch pause peek perform permit
personalize pick place plan plant play point post postpone prefer preload prepare present press
print probe process promote prompt propose protect prove provide prune publish pull purge push put
qualify quarantine query queue quote raise rank rate reach react read reap rebase rebuild recall
receive reconfigure reconnect record recover redact reduce refill refresh refuse register regroup
rehearse reindex reject rejudge release reload remember remind remove rename render renew reopen
repair repeat replace replay reply report represent reproduce request requeue require reset resolve
respond restart restore restrict resume retire retry return reverse revert review revise revoke
rewind roll run sample sanitise sanitize save say scale scan schedule scope score seal search see
seed seek select send separate serve set settle share shift ship shorten shout show shrink shut sign
simplify simulate skip sleep slice slugify soften solve sort spawn split squash stage stamp start
stay stem stop store stream strip submit subtract suggest sum summarise summarize supervise suppress
survive suspend swap switch sync take talk tally tell think throw tick tidy time tokenize touch
trace track train transact transcribe translate triage trigger trim truncate try turn type
understand unescape unfold unmask unmute unpack unquote update use validate vary verify view visit
vote wait wake walk warm watch weigh welcome whisper widen wire work wrap write yield
""".split()  # noqa: SIM905
)
# Docstrings begin with one of these or with one of `VERBS`. No function is named so: `let` and `do`
# say too little, the others have a shorter synonym among `VERBS`.
DOCSTRING_VERBS = frozenset(
    """
activate authorise become cache comment compress continue declare decline do have include inject
let nest number poll prevent reserve rewrite serialise serialize silence surround test unload
""".split()  # noqa: SIM905
)
# The beginning of a question that is answered with yes or no, a conversion, a handler of an event.
OTHER_OPENINGS = frozenset(["is", "has", "was", "can", "should", "from", "to", "as", "on", "test"])
# Private English of earlier versions; docs/glossary.md says what is written instead.
AVOIDED = frozenset(
    """
alike anew apart beaten beside besides complain complaint complaints greens heard hush
hushes kept lately lend lent meant mend mended mending mends nobody owed plank plays pulse
pulses reds said shelf shown somebody spoken stands taken thing things tired told undo undoes
undone unheard untold whoever wish wished wishers
""".split()  # noqa: SIM905
)
