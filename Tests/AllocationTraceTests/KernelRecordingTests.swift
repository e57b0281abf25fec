import AllocationTrace
import Testing

@Suite struct KernelRecordingTests {
  @Test func verbsStandAtTheirOwnIndex() {
    for verb in KernelVerb.allCases {
      #expect(KernelRecording.vocabulary.index(of: verb.definition.name) == verb.rawValue)
    }
  }

  @Test func theExampleOfTheFormatReads() throws {
    let trace = try TraceText.parse(
      """
      kernel-memory-lab trace 1
      vocabulary: KernelRecording
      kernel: 6.12

      pages order=2 gfp=GFP_KERNEL_ACCOUNT|__GFP_COMP|__GFP_ZERO type=0 cpu=0 frame=41744
      kmalloc size=48 given=64 gfp=GFP_NOFS|__GFP_ZERO node=-1 accounted=0 cpu=0
      kfree #1 cpu=0
      free-pages #0 order=2 cpu=0
      """, vocabulary: { $0 == "KernelRecording" ? KernelRecording.vocabulary : nil })
    #expect(
      trace.operations.map { KernelVerb(rawValue: $0.verb) } == [
        .pages, .kmalloc, .kfree, .freePages,
      ])
    #expect(trace.operations[3].arguments == [.block(Handle(0)), .number(2), .number(0)])
  }
}
