@testable import KernelMemory

/// A stretch of a recording of Linux 6.12 on one CPU, with loading and unloading of modules and bursts of tasks.
///
/// `= v5b5 4` is an area that was there before: 0x5b5 pages from the start of vmalloc's range (m: of the modules'), 4
/// pages long, the guard page included. `+ v5b5 6 1` is an area that the kernel made: where it went, its pages, the
/// alignment in pages. `- v5b5` freed it, `p 1` purged so many.
enum RecordedAreas {
  static let text = """
    = v0 5; = v5 2; = v8 3; = vb 2; = vd 2; = v10 5; = v15 2; = v18 5; = v1d 2; = v20 5; = v25 2; \
    = v28 5; = v2d 2; = v30 5; = v35 2; = v38 5; = v3d 2; = v40 5; = v45 2; = v48 5; = v4d 2; = \
    v50 5; = v55 2; = v58 5; = v5d 2; = v60 5; = v65 2; = v68 5; = v70 5; = v75 3; = v78 5; = v80 \
    5; = v88 5; = v90 5; = v98 5; = va0 5; = va8 5; = vb0 5; = vb8 5; = vc0 5; = vc8 5; = vd0 5; = \
    vd8 5; = ve0 5; = ve8 5; = vf0 5; = vf8 5; = v100 5; = v108 5; = v110 5; = v118 5; = v120 5; = \
    v128 5; = v130 5; = v138 5; = v140 5; = v148 5; = v150 5; = v158 5; = v160 5; = v168 5; = v170 \
    5; = v178 5; = v17d 17; = v18e 18; = v1a0 5; = v1a5 1025; = v5a8 5; = v5b0 5; = v5c0 5; = v600 \
    5; = v608 5; = v610 5; = v6d9 4; = v1fffffc00 512; = m0 513; = m201 2; + v5b5 4 1; + m203 2 1; \
    + m205 2 1; + m207 2 1; + m209 2 1; + m20b 2 1; - v5b5; p 1; + v5b5 6 1; - m209; p 1; - m20b; \
    p 1; + m209 2 1; + m20b 2 1; + m20d 2 1; + m20f 2 1; + m211 2 1; - v5b5; p 1; + v5c5 39 1; - \
    m20f; p 1; - m211; p 1; + m20f 10 1; + m219 4 1; + m21d 5 1; + m222 2 1; + m224 2 1; + m226 6 \
    1; - v5c5; p 1; + v5c5 23 1; - m224; p 1; - m226; p 1; + m224 5 1; + m229 3 1; + m22c 4 1; + \
    m230 2 1; + m232 2 1; + m234 4 1; - v5c5; p 1; - m232; p 1; - m234; p 1; + v5b5 7 1; + m232 2 \
    1; + m234 3 1; + m237 2 1; + m239 2 1; + m23b 3 1; - v5b5; p 1; + v5b5 4 1; + m23e 2 1; + m240 \
    2 1; + m242 2 1; + m244 2 1; - m239; p 1; - m23b; p 1; - v5b5; p 1; + v6dd 214 1; - m244; p 1; \
    + m244 46 1; + m272 25 1; + m28b 26 1; + m239 2 1; + m23b 2 1; + m2a5 22 1; - v6dd; p 1; + \
    v5b5 8 1; - m23b; p 1; - m2a5; p 1; + m2a5 5 1; + m23b 2 1; + m2aa 2 1; + m2ac 2 1; - v5b5; p \
    1; + v5b5 7 1; + m2ae 4 1; + m2b2 2 1; + m2b4 2 1; + m2b6 2 1; - m2ac; p 1; - v5b5; p 1; + \
    v5c5 32 1; - m2b6; p 1; + m2b6 6 1; + m2bc 5 1; + m2c1 4 1; + m2ac 2 1; + m2c5 5 1; - v5c5; p \
    1; + v5c5 46 1; - m2ac; p 1; - m2c5; p 1; + m2c5 10 1; + m2cf 6 1; + m2d5 7 1; + m2ac 2 1; + \
    m2dc 2 1; + m2de 6 1; - v5c5; p 1; + v5b5 5 1; - m2dc; p 1; - m2de; p 1; + m2dc 2 1; + m2de 2 \
    1; + m2e0 2 1; + m2e2 2 1; + m2e4 2 1; - v5b5; p 1; + v5c5 12 1; - m2e2; p 1; - m2e4; p 1; + \
    m2e2 3 1; + m2e5 3 1; + m2e8 2 1; + m2ea 2 1; + m2ec 2 1; + m2ee 3 1; - v5c5; p 1; + v5b5 4 1; \
    + m2f1 2 1; + m2f3 2 1; + m2f5 2 1; + m2f7 2 1; + m2f9 2 1; - v5b5; p 1; - m2ec; p 1; - m2ee; \
    p 1; + v615 104 1; - m2f7; p 1; - m2f9; p 1; + m2f7 20 1; + m30b 19 1; + m31e 13 1; + m2ec 2 \
    1; + m2ee 2 1; + m32b 16 1; - v615; p 1; + v5c5 24 1; - m2ee; p 1; - m32b; p 1; + m32b 5 1; + \
    m330 4 1; + m334 4 1; + m2ee 2 1; + m338 4 1; - v5c5; p 1; + v615 106 1; - m2ee; p 1; - m338; \
    p 1; + m338 18 1; + m34a 21 1; + m35f 12 1; + m2ee 2 1; + m36b 2 1; + m36d 15 1; - v615; p 1; \
    + v5b5 9 1; - m36b; p 1; - m36d; p 1; + m36b 2 1; + m36d 3 1; + m370 2 1; + m372 2 1; + m374 3 \
    1; - v5b5; p 1; + v6d 3 1; + m377 2 1; + m379 2 1; + m37b 2 1; + m37d 2 1; - v6d; p 1; - m372; \
    p 1; - m374; p 1; + v6dd 602 1; + v6d 3 1; - m37d; p 1; + m37d 124 1; + m3f9 91 1; + m454 66 \
    1; + m372 2 1; + m374 2 1; + m496 58 1; - v6dd; - v6d; p 2; + v6dd 1206 1; + v5b5 4 1; - m374; \
    p 1; - m496; p 1; + m496 10 1; + m4a0 1152 1; + v5b9 4 1; + m920 16 1; + m374 2 1; + m930 3 1; \
    + m933 8 1; - v6dd; - v5b5; + v6d 2 1; - v6d; + v7d 2 1; - v7d; + v85 2 1; - v85; + v8d 2 1; - \
    v8d; + v95 2 1; - v95; + v9d 2 1; - v9d; + va5 2 1; - va5; + vad 2 1; - vad; p 10; - m930; p \
    1; - m933; p 1; - m496; p 1; - m920; p 1; - m374; p 1; - m4a0; p 1; - v5b9; + v5c8 5 4; + v5d0 \
    5 4; + v5d8 5 4; + v5dd 12 1; - v5dd; + v615 37 1; - v608; + v5e9 6 1; + v6d 3 1; + v7d 3 1; + \
    v85 2 1; - v7d; - v85; - v615; - v5e9; - v6d; + v5f0 5 4; + v5f8 5 4; + v63c 5 4; + v644 5 4; \
    + v64c 5 4; + v654 5 4; + v65c 5 4; + v664 5 4; + v66c 5 4; + v674 5 4; + v67c 5 4; + v684 5 \
    4; + v68c 5 4; + v694 5 4; + v69c 5 4; + v6a4 5 4; + v6ac 5 4; + v6b4 5 4; + v6bc 5 4; + v6c4 \
    5 4; + v6cc 5 4
    """

  enum Event {
    case present(start: VirtualAddress, size: Int)
    case made(start: VirtualAddress, size: Int, align: Int, isModule: Bool)
    case freed(VirtualAddress)
    case purged(Int)
  }

  static func events(_ layout: KernelLayout) -> [Event] {
    text.split(separator: "; ").map { line in
      let words = line.split(separator: " ")
      if words[0] == "p" { return .purged(Int(words[1])!) }
      let isModule = words[1].first == "m"
      let base = (isModule ? layout.modules : layout.vmalloc).lowerBound
      let start = base + Int(words[1].dropFirst(), radix: 16)! * pageSize
      switch words[0] {
      case "-": return .freed(start)
      case "=": return .present(start: start, size: Int(words[2])! * pageSize)
      default:
        return .made(
          start: start, size: Int(words[2])! * pageSize, align: Int(words[3])! * pageSize,
          isModule: isModule)
      }
    }
  }
}
