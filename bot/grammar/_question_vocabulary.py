"""The vocabulary of questions about the bot; any other word means a different subject."""

from bot.grammar._spelling import to_token_set

KNOWN = to_token_set(
    """
    a about actually again ago all already also altogether always am an and any anybody anyone
    anything are around as at away be because been before being between both but by can come
    could currently did different do does doing done each earlier else even ever every
    everybody everyone everything exactly far few first for from get gets getting give go goes
    going gone got had happen happened happening happens has have having here how i if in
    instead into is it its just kind last lately latest least less let like list long look
    made make makes making many may maybe me might more most much must my need needed needs
    new newest next no nobody not nothing now of off often on once one ones only open or other
    others our out over own past people person please possible present previous previously
    quite rather really recent recently right say see seen shall should show since so some
    somebody someone something still such sure tell than that the their them then there these
    they thing things this those through time times to today together told too try under until
    up us user users usually very want was way ways we well went were what when where whether
    which while who whom whose why will with within without would yes yet you your yours
    yourself theseus bot name s t re ve ll d m day days hour hours week weeks month months
    night monday tuesday wednesday thursday friday saturday sunday yesterday morning tonight
    """
) | to_token_set(
    """
    fix fixes fixed fixing change changes changed changing proposal proposals proposed propose
    pr prs pull request requests requested run runs running merge merges merged merging revert
    reverts reverted reverting patch patches patched diff diffs plan plans planned approach
    solution candidate candidates commit commits committed investigation investigate
    investigated thread threads rehearsal ship ships shipped shipping approve approves
    approved approval approving reject rejects rejected deploy deploys deployed deployment
    release releases released live land landed launch back signed sign stop
    stopped stopping cancel cancelled canceled pause paused resume undo undone undoing take
    took taken turn switch shut down halt interrupt rid report reported disable decide decides
    decided decision decisions listed allow allowed allow-list approver approvers developer
    developers maintainer maintainers admin admins rights right able capable review reviews
    reviewed reviewing author wrote write writes written start starts started begin began
    begun responsible ask asks asked asking answer answers question questions add adds added
    remove removed improve improved repair repaired mend mended work works worked working
    effort cost costs costly price expensive cheap spend spent paid pay dollars usd money
    tokens token flag flags feature features toggle toggles switches remember recall memory
    memories learn learned learnt lesson lessons note notes noted know knew known wish wishes
    wished idea ideas suggestion suggestions wanted use used uses using usage unused users
    popular invoked command commands fail fails failed failing failure failures crash crashes
    crashed crashing break breaks broke broken breaking error errors errored raise raised
    wrong version revision sha build code branch date outdated risk risks risky dangerous
    danger side effect effects side-effect side-effects worst case impact affect affects
    affected safe touch touches unsafe certain confident confidence proof prove proven proved
    verify verified verifying check checks checked checking test tests tested testing evidence
    watch watched watches watching monitor monitored monitoring keep keeping eye hold holds
    held holding came recur recurred verdict regress regressed regression stick stuck help
    helped helping wait waits waiting pending unshipped unmerged outstanding attention good
    bad best better ok okay fine healthy health incident incidents fault faults bug bugs
    problem problems issue issues outage outages cause causes caused root reason reasons
    reasoning rationale pick picked picking choose chose chosen file files line lines summary
    overview news changelog repairs self capabilities abilities skill skills powers alternative
    alternatives attempt attempts tried sort sorts kinds support supports offer offers
    understand dropped drop result results outcome outcomes pass passes passed green red fire
    went out over weekend overnight summarize summarise behind tag burn burnt blast radius
    introduced introduce rundown recap tl dr tldr touched restart restarted stuff plz
    improvements improvement accomplish accomplished led proves moment refactoring refactor
    tend tends usually typically likely touching module modules edit edits edited editing
    exist exists harm permission production prod blocked having
    """
)
"""Every word, in small letters, that such a question may have and still be about the bot."""

KINDS = to_token_set(
    """
    commands bugs features tests cogs code errors failures problems issues things anything
    stuff questions documentation docs refactoring fixes changes
    """
)
"""Objects in general: all of a kind, and none in particular."""

ABLE = KINDS | to_token_set(
    """
    can could do are will would you able to also only just or and even really actually too as
    well either both what else any add fix write make change improve repair build create remove
    rename refactor ship merge revert test find investigate explain learn see read run watch
    answer talk command bug feature something new own your yourself itself by alone myself me
    without model key adding fixing
    """
)
"""Every word of a question about the bot's abilities: it names no specific task."""
