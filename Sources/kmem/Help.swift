/// What `kmem help` prints.
enum Help {
  static let overview = """
    kmem: explore the reference allocator.

      kmem replay FILE     perform a recording of a real kernel on the reference
      kmem procfs FILE buddyinfo|zoneinfo
                           show the machine as a recording leaves it, as Linux's /proc would
      kmem bench           measure the reference beside malloc, jemalloc, mimalloc and tcmalloc
      kmem import FILE     account for every line of an ftrace recording
      kmem convert FILE    write a recording, or a part of it, in the kit's own text form
      kmem help COMMAND    all about one command; also: kmem help json

    FILE may be compressed (.zst, .gz: by the system's zstd and gzip); - is standard input.

    """

  static let topics = [
    "replay": replay, "procfs": procfs, "import": importing, "convert": convert, "bench": bench,
    "json": json + "\n" + benchJSON,
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

    Performs the page operations of a recording on the reference, with their order, GFP mask and processor.
    Every page it gets bears a stamp in its first and last word, which is verified when the page is freed and at the
    end. Slab and vmalloc operations are counted and skipped: they are not part of the reference yet.

    """ + options + """
        --json                      the report as JSON (kmem help json)

      The recording is read twice: once to choose the machine, once to perform it. Import and operation speed are
      measured in the second reading, each by itself; the operations' time includes stamps and the checks on the way.
      The memory that the recording will need is touched before, as a real machine's memory is there when it boots.
      A recording's processors beyond 64 stand for those that the machine has, in turn.

      Exit status: 0 the reference is sound; 1 it is not, or the recording cannot be read; 2 usage.

      """

  private static let procfs = """
    kmem procfs FILE buddyinfo|zoneinfo [options]

    Replays a recording and shows the machine as it is then, in the words of /proc/buddyinfo or /proc/zoneinfo.

    """ + options

  private static let importing = """
    kmem import FILE [--json]

    Accounts for every line of an ftrace recording: performed, or skipped for a reason; frees without an allocation,
    frees of NULL and frees that no line tells, by kind. Performs nothing.

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

  private static let json = """
    kmem replay --json prints one object. A reader may rely on these keys while "version" is 1; more may be added.

      version        1
      file, format   the recording; ftrace or trace
      kernel, kernelFrom
                     whose GFP flags it names; how that was chosen
      machine        kind; bytes, frames, cpus; memoryFrom: "given" or "fits" (chosen to fit the recording)
      lines          lines = performed + the sum of skipped's counts; skipped: [key, reason, count];
                     passedOver: lines of events that are no allocation, by event; implied: frees that no line
                     tells; freesInside: frees inside a block; splits; malformed and inside: the first such
                     lines, each line and text
      operations     total = performed + the sum of skipped's counts; performed = allocations + frees + splits;
                     skipped: [key, reason, count], keys slabAndVmalloc, unknownMask, unserved, freeOfUnserved,
                     noLiveBlock, refused; unservedByOrder: 11 numbers; remarks: what the reference said of the
                     first masks and calls that it refused
      peakPages, pagesAtEnd
                     pages handed out at once at most, and at the end
      zones          for each zone with memory: name; free + perCPU + allocated = managed, in pages;
                     freeBlocks: 11 numbers, by order; unusable: the share of free memory in blocks too small
                     for an order; fragmentationIndex: why a request of an order would fail, -1 would not,
                     towards 0 for want of memory, towards 1 for fragmentation
      checks         mode; count: times that all invariants were checked; pagesStamped, pagesVerified
      speed          readSeconds; importSeconds, linesPerSecond; operationSeconds, operationsPerSecond (page
                     operations, stamps and checks on the way included); finalCheckSeconds; checkMode
      violation      absent, or the first thing found wrong with the reference

    kmem import --json prints version, file, lines as above, and by verb: performed, unmatched (frees without an
    allocation), null (frees of NULL), implied; crossKind, orderDiffers; peakPages, pagesAtEnd, blocksAtEnd,
    objectsAtEnd.

    """
}
