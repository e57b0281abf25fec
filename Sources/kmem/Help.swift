/// What `kmem help` prints.
enum Help {
  static let overview = """
    kmem: explore the reference allocator.

      kmem replay FILE     perform a recording of a real kernel on the reference
      kmem compare FILE    SLUB, SLAB and SLOB side by side on a recording's objects
      kmem procfs FILE buddyinfo|pagetypeinfo|zoneinfo|meminfo|slabinfo|vmallocinfo
                           show the machine as a recording leaves it, as Linux's /proc would
      kmem bench           measure the reference beside malloc, jemalloc, mimalloc and tcmalloc
      kmem contrast        what the same requests cost a process and the kernel, in pages and faults
      kmem import FILE     account for every line of an ftrace recording
      kmem convert FILE    write a recording, or a part of it, in the kit's own text form
      kmem help COMMAND    all about one command; also: kmem help json

    FILE may be compressed (.zst, .gz: by the system's zstd and gzip); - is standard input.

    """

  static let topics = [
    "replay": replay, "compare": compare, "procfs": procfs, "import": importing, "convert": convert,
    "bench": bench, "contrast": contrasting,
    "json": json,
  ]

  private static let options = """
      --format ftrace|trace       how FILE is written (default: as its beginning tells)
      --kernel 6.12|6.1           whose GFP flags it names (default: as its header or its name tells, else
                                  the version that knows the most of its masks)
      --machine x86-64|x86-32     which zones the machine has (default: x86-64)
      --memory SIZE               such as 512M or 4G (default: fits the recording: its highest page frame, but
                                  at least 64 MiB and twice the pages live at once; where the frames lie
                                  beyond 64 GiB, four times the pages live at once)
      --check every|N|end         when to check all invariants: after every page operation, after every N, or
                                  at the end alone (default: amortised, when as many page operations have
                                  passed as the machine has frames; the end is always checked)

    """

  private static let replay = """
    kmem replay FILE [options]

    Performs a recording on the reference: its page operations with their order, GFP mask and processor; objects of
    kmalloc and of caches; areas of vmalloc. The kernel traces its layers one over the other, so that the pages below
    objects and areas are page operations as well: each kind has a machine of its own, and nothing counts twice.

    Every page, object and vmalloc area bears a stamp in its first and last word, which is verified when it is freed and
    at the end. Of kmalloc every event's bytes are held against those that Linux handed out. Which cache an object
    belongs to is told by the frees of its like, since allocations carry no name. At the end everything that the
    recording left live is given back: pages that are held then are a leak of the reference, and said to be.

    Beside a recording called NAME.trace, folders NAME.before and NAME.after (there, or in snapshots/ or
    ../snapshots/) may hold what /proc/slabinfo and /proc/vmallocinfo said on the recorded machine: slab pages and their
    waste are then printed beside Linux's, and areas start among those that were there.

    """ + options + """
        --snapshot DIR              where NAME.before and NAME.after lie, or the files themselves
        --json                      the report as JSON (kmem help json)

      The recording is read twice: once to choose the machines, once to perform it. Import and operation speed are
      measured in the second reading, each kind by itself; the operations' time is the processor's, and includes stamps
      and the checks on the way.
      The memory that the recording will need is touched before, as a real machine's memory is there when it boots.
      A recording's processors beyond 64 stand for those that the machine has, in turn.

      Exit status: 0 the reference is sound; 1 it is not, or the recording cannot be read; 2 usage.

      """

  private static let compare = """
    kmem compare FILE [options]

    Performs a recording's objects on SLUB, SLAB and SLOB (which takes the first free block of a page that is large
    enough; also with next fit and best fit), each on a machine of its own, and shows side by side what they hold, how
    much of it nobody asked for, and how fast they are. Options as of kmem replay: --format, --kernel, --machine,
    --memory, --json.

    Exit status: 0 all are sound; 1 one is not, or the recording cannot be read; 2 usage.

    """

  private static let procfs = """
    kmem procfs FILE buddyinfo|pagetypeinfo|zoneinfo|meminfo|slabinfo|vmallocinfo [options]

    Replays a recording and shows the machines as they are then, in the words of Linux's /proc: slabinfo of the one
    that performed the objects, vmallocinfo of the one that performed vmalloc, the others of the one that performed
    the pages.

    """ + options

  private static let importing = """
    kmem import FILE [--json]

    Accounts for every line of an ftrace recording: performed, or skipped for a reason; frees without an allocation,
    frees of NULL and frees that no line tells, by kind. Performs nothing.

    Read are kmem's events of any kernel, also by their old names (mm_page_free_direct and mm_pagevec_free are frees of
    pages, kmalloc_node and kmem_cache_alloc_node allocations of objects). A request for pages failed where its pfn is 0
    or all ones, whatever page= prints; NULL is any of 0, (null) and (nil), with blanks before it too; a kmalloc of 0
    bytes returns the zero-size pointer, which is no object. An input in which nothing allocates or frees is an error.

    """

  private static let contrasting = """
    kmem contrast [--memory SIZE]

    Boots a machine of SIZE (default: 128M) with half as much swap, and has a process and the kernel do the same: ask for
    half of it, touch it, copy it, ask for more than there is, allocate a thousand small blocks, touch what was freed.
    Prints what each cost, in pages and faults: counted, not timed, so that every run prints the same.

    """

  private static let convert = """
    kmem convert FILE [options]

    Writes a recording in the kit's own text form (Sources/AllocationTrace/FORMAT.md).

      --from ftrace|trace         how FILE is written (default: as its beginning tells)
      --output FILE               where to write (default: standard output)
      --kernel 6.12|6.1           for the header (default: as the file's name tells)
      --lines FIRST-LAST,...      read these lines alone, as if they were the whole recording
      --pages                     keep the page allocator's operations alone
      --most N                    stop after N operations

    """
}
