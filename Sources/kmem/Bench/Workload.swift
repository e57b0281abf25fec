/// One workload of `kmem bench`: which calls come in which order, and who serves them.
struct Workload: Codable, Equatable {
  /// Whom a workload asks for memory.
  enum Service: String, Codable, Equatable {
    /// The page allocator with its per-CPU lists; sizes are orders.
    case pages
    /// A zone's buddy lists alone; sizes are orders.
    case buddy
    /// `kmalloc`, or a peer's `malloc`; sizes are bytes.
    case objects
  }

  /// In which order calls come.
  enum Shape: Codable, Equatable {
    /// One is allocated and freed at once.
    case pairs(size: Int)
    /// So many are allocated, then freed in the opposite order.
    case lifo(Int, size: Int)
    /// Blocks of random orders at 45 to 55 % of memory, freed at random.
    case orders(OrderMix)
    /// So many objects are live; in bursts, random ones are freed and others allocated in their stead.
    case turnover(live: Int, burst: Int, sizes: SizeMix)
    /// As a recording has it, again and again.
    case recording
  }

  enum OrderMix: String, Codable, Equatable { case uniform, geometric }

  enum SizeMix: Codable, Equatable {
    case fixed(Int)
    /// 8 to 8192 bytes, each doubling as likely as the next.
    case logUniform
  }

  /// What `--only` calls it.
  let name: String
  let title: String
  let service: Service
  let shape: Shape
  /// Whether the first 8 bytes of what is handed out are stamped, and verified when it is freed.
  var isTouched = true
  var threads = 1
  /// Whether every object is freed by the thread that did not allocate it.
  var isCrossed = false
  /// The recording's file, of ``Shape/recording``.
  var recording: String?
  /// Page frames of the machine.
  var frames: Int
  /// The most that a floor's time may be exceeded; nil where there is no bar.
  var bar: Double?

  /// Whether every request is for one page.
  var isOfSinglePages: Bool { shape == .pairs(size: 0) || shape == .lifo(64, size: 0) }

  private static func pages(
    _ name: String, _ title: String, _ shape: Shape, service: Service = .pages, bar: Double? = nil,
    isTouched: Bool = true, frames: Int = 1 << 16
  ) -> Workload {
    Workload(
      name: name, title: title, service: service, shape: shape, isTouched: isTouched,
      frames: frames, bar: bar)
  }

  private static func objects(
    _ name: String, _ title: String, live: Int, burst: Int = 1, _ sizes: SizeMix,
    isTouched: Bool = true, threads: Int = 1, isCrossed: Bool = false
  ) -> Workload {
    Workload(
      name: name, title: title, service: .objects,
      shape: .turnover(live: live, burst: burst, sizes: sizes), isTouched: isTouched,
      threads: threads, isCrossed: isCrossed, frames: (live > 10_000 ? 1 << 16 : 1 << 14) * threads)
  }

  /// Served by the page allocator; compared with floors that run in the same process.
  static let ofPages = [
    pages("page-pair", "page pairs", .pairs(size: 0), bar: 1.5),
    pages("page-lifo", "page bursts of 64, LIFO", .lifo(64, size: 0)),
    pages("uniform-orders", "orders 0…10, uniform", .orders(.uniform), bar: 2.6),
    pages("geometric-orders", "orders 0…10, geometric", .orders(.geometric), bar: 2.6),
    pages("uniform-buddy", "the same on the buddy lists", .orders(.uniform), service: .buddy),
    pages("geometric-buddy", "the same on the buddy lists", .orders(.geometric), service: .buddy),
  ]

  /// Served by `kmalloc` and by every peer.
  static let ofObjects = [
    objects("pair-64", "64 bytes, pairs of 10,000 live", live: 10_000, .fixed(64)),
    objects("burst-64", "64 bytes, bursts of 100", live: 10_000, burst: 100, .fixed(64)),
    objects("mix-1k", "8…8192 bytes, 1,000 live", live: 1_000, .logUniform),
    objects("mix-100k", "8…8192 bytes, 100,000 live", live: 100_000, .logUniform),
    objects(
      "mix-1k-untouched", "1,000 live, untouched", live: 1_000, .logUniform, isTouched: false),
    objects(
      "mix-100k-untouched", "100,000 live, untouched", live: 100_000, .logUniform,
      isTouched: false),
    objects("mix-1k-2", "2 threads, 1,000 live each", live: 1_000, .logUniform, threads: 2),
    objects("mix-100k-2", "2 threads, 100,000 live each", live: 100_000, .logUniform, threads: 2),
    objects(
      "cross-free", "freed by the other thread", live: 1_000, .logUniform, threads: 2,
      isCrossed: true),
  ]

  /// The objects, or the pages, of a recording.
  static func ofRecording(_ path: String, service: Service) -> Workload {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    let name = file.split(separator: ".trace").first.map(String.init) ?? file
    let what = service == .objects ? "objects" : "pages"
    return Workload(
      name: "\(name)-\(what)", title: "\(name): \(what)", service: service, shape: .recording,
      recording: path, frames: service == .objects ? 1 << 18 : 1 << 17)
  }

  /// Page workloads whose cost is looked at as memory grows; untouched, so that only the allocator's cost shows.
  static func growing(frames: Int) -> [Workload] {
    [
      pages("page-pair", "page pairs", .pairs(size: 0), isTouched: false, frames: frames),
      pages(
        "uniform-buddy", "uniform orders, buddy lists", .orders(.uniform), service: .buddy,
        isTouched: false, frames: frames),
      pages(
        "geometric-orders", "geometric orders", .orders(.geometric), isTouched: false,
        frames: frames),
      Workload(
        name: "pair-64", title: "64-byte objects, pairs of 10,000", service: .objects,
        shape: .turnover(live: 10_000, burst: 1, sizes: .fixed(64)), isTouched: false,
        frames: frames),
    ]
  }

  /// Object workloads whose cost is looked at as more objects are live; untouched.
  static func growing(live: Int) -> [Workload] {
    [
      objects("pair-64", "64-byte objects, pairs", live: live, .fixed(64), isTouched: false),
      objects("mix", "8…8192 bytes", live: live, .logUniform, isTouched: false),
    ]
  }
}
