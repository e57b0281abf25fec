extension Help {
  static let json = """
    kmem replay --json prints one object. A reader may rely on these keys while "version" is 2; more may be added.

      version        2
      file, format   the recording; ftrace or trace
      kernel, kernelFrom
                     whose GFP flags it names; how that was chosen
      machine        kind; bytes, frames, cpus; memoryFrom: "given" or "fits" (chosen to fit the recording)
      lines          lines = performed + the sum of skipped's counts; skipped: [key, reason, count];
                     passedOver: lines of events that are no allocation, by event; implied: frees that no line
                     tells; freesInside: frees inside a block; splits; malformed and inside: the first such
                     lines, each line and text
      operations     total = performed + the sum of skipped's counts; performed = allocations + frees + splits (of
                     pages) + objects + areas (operations on them); skipped: [key, reason, count], keys unknownMask,
                     unserved, freeOfUnserved, noLiveBlock, refused; unservedByOrder: 11 numbers; remarks: what the reference said of the
                     first masks and calls that it refused
      peakPages, pagesAtEnd
                     pages handed out at once at most, and at the end
      zones          for each zone with memory: name; free + perCPU + allocated = managed, in pages;
                     freeBlocks: 11 numbers, by order; unusable: the share of free memory in blocks too small
                     for an order; fragmentationIndex: why a request of an order would fail, -1 would not,
                     towards 0 for want of memory, towards 1 for fragmentation
      objects        absent without any: allocator; allocations, frees, performed; peakObjects, bytesAtEnd;
                     objectsAtEnd = recordedAtEnd - notServedAtEnd; roundingAgrees, roundingDiffers: kmalloc events
                     whose bytes handed out are Linux's, and others, the first in roundingNotes; cacheNamesAgree,
                     cacheNamesDiffer: frees that name the cache that served, and others; peakPages, peakWaste,
                     pagesAtEnd, wasteAtEnd: waste is the share beyond the bytes asked for; slabs, before, after:
                     pages and waste by slabinfo, here and on the recorded machine; caches: name and pages, here,
                     before and after
      areas          absent without any: maps, unmaps, purges, mapsAtEnd; areasBefore: those of a snapshot;
                     addressesAgree, addressesDiffer, addressNotes; allocations, frees, allocationsAtEnd of
                     vmalloc, peakPages, pagesAtEnd; tablePages: of page tables
      checks         mode; count: times that all invariants were checked; pagesStamped, pagesVerified
      speed          readSeconds; importSeconds, linesPerSecond; operationSeconds, operationsPerSecond (page
                     operations, stamps and checks on the way included); objectSeconds, objectsPerSecond;
                     finalCheckSeconds; checkMode
      violation      absent, or the first thing found wrong with the reference

    kmem compare --json prints version, file, kernel, operations, recordedAtEnd, and designs: name, performed,
    unserved, peakPages, peakWaste, pagesAtEnd, wasteAtEnd, objectsAtEnd, operationsPerSecond, violation.

    kmem import --json prints version, file, lines as above, and by verb: performed, unmatched (frees without an
    allocation), null (frees of NULL), implied; crossKind, orderDiffers; peakPages, pagesAtEnd, blocksAtEnd,
    objectsAtEnd.

    kmem bench --json prints one object, in nanoseconds for each call and bytes:

      version, rounds, calls
                     1; rounds measured; calls of a round and thread, about
      topology       processors and cores that may be used, siblings: processors by core, model
      peers          name, isFound, library: its file, package: where it can be had
      pages, objects, recordings
                     for each workload: name, title, threads, isTouched; contestants: the reference first, then
                     floors or peers, each name, median, least, wallMedian, held and live (at the same moment),
                     unserved, isDamaged; rival and ratio: the best of the others, and the reference's time over
                     its; bar: the most that ratio may be
      geometricMean  of the object workloads' ratios
      growth         withMemory, withLiveObjects: name, title; sizes: page frames, or live objects; nanoseconds
      scaling        workload, contestant, ratio: throughput of two threads over one's, by the clock on the wall
      instructions   rows: name, title, small and large: instructions for each call on 2^12 and on 2^20 frames, bar;
                     problem: why there are none
      bars           what, value, limit, isCeiling, isMet

    """
}
