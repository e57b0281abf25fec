extension Help {
  static let bench = """
    kmem bench [options]

    Measures the reference beside what others made, in one run: page workloads against floors that no allocator can
    undercut, object workloads against the system's malloc and, where the system has them, jemalloc, mimalloc and
    tcmalloc. Build it with `swift build -c release`; a debug build measures the compiler.

      --only NAME,...             these workloads or parts alone: \(names)
      --peers NAME,...            of system, jemalloc, mimalloc, tcmalloc; or none
      --recording FILE            the calls of a recording as a workload, its handles resolved; may be repeated
      --rounds N                  rounds (default: 7; with --quick 3)
      --quick                     fewer calls and rounds: seconds instead of minutes, and less certain
      --instructions              also count instructions for each call with valgrind's callgrind; independent of
                                  the machine's load
      --json FILE                 the report as JSON too (kmem help json); - writes it alone to standard output

      A call is an allocation or a free. Traces come from fixed seeds and are written before the clock runs; all
      contestants are called through the same C function pointers, the reference with its processor at hand. What is
      handed out bears a stamp in its first 8 bytes, verified when it is freed, unless a workload is untouched.
      Each contestant runs in a process of its own, a peer loaded before the C library (LD_PRELOAD), and does a round
      in turn with the others after two that nobody times. The reference's memory is there before the clock runs.

      Floors, in the reference's process: `call`, an entry that returns at once; `stack`, an array of free pages;
      `replay`, the same trace with the same addresses and no allocator.

      Bytes held: of the reference the pages it handed out or keeps in slabs; of a peer what its process grew by since
      before its first call, with all that is live touched.

      There are bars, and each is said to be met or missed; the exit status does not tell.

      Exit status: 0 measured; 1 a worker stopped; 2 usage.

    """

  private static let names =
    (Workload.ofPages + Workload.ofObjects).map(\.name)
    .reduce(into: ["\n                                  "]) { lines, name in
      let line = lines[lines.count - 1]
      if line.count + name.count > 110 { lines.append("\n                                  ") }
      lines[lines.count - 1] += name + ", "
    }.joined() + Bench.parts.joined(separator: ", ")
}
