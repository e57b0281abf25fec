import Foundation

extension BenchReport {
  /// Calculates what follows from the measurements: means, scaling, and where the reference stands at every bar.
  mutating func judge() {
    for report in pages {
      guard let bar = report.bar, let ratio = report.ratio else { continue }
      bars.append(
        BarReport("\(report.title): time / \(report.rival ?? "floor")", ratio, atMost: bar))
    }
    judgeObjects()
    judgeScaling()
    for report in recordings where report.reference.median > 0 {
      bars.append(
        BarReport(
          "\(report.title): million calls a second", 1000 / report.reference.median, atLeast: 15))
    }
    judgeInstructions()
  }

  private mutating func judgeObjects() {
    let ratios = objects.compactMap(\.ratio)
    guard !ratios.isEmpty else { return }
    let mean = exp(ratios.reduce(0) { $0 + log($1) } / Double(ratios.count))
    geometricMean = mean
    bars.append(
      BarReport("objects: time / best peer, geometric mean of \(ratios.count)", mean, atMost: 0.8))
    if let worst = objects.max(by: { $0.ratio ?? 0 < $1.ratio ?? 0 }), let ratio = worst.ratio {
      bars.append(
        BarReport("objects: time / best peer, the worst (\(worst.title))", ratio, atMost: 1))
    }
  }

  /// Workloads on two threads are those on one with `-2` after their names.
  private mutating func judgeScaling() {
    for two in objects where two.threads == 2 && two.name.hasSuffix("-2") {
      guard let one = objects.first(where: { $0.name + "-2" == two.name }) else { continue }
      for contestant in two.contestants {
        guard let alone = one.contestants.first(where: { $0.name == contestant.name }),
          contestant.wallMedian > 0
        else { continue }
        scaling.append(
          ScalingReport(
            workload: two.name, contestant: contestant.name,
            ratio: 2 * alone.wallMedian / contestant.wallMedian))
      }
      guard topology.cores ?? topology.processors >= 2,
        let ratio = scaling.last(where: {
          $0.workload == two.name && $0.contestant == two.reference.name
        })?.ratio
      else { continue }
      bars.append(BarReport("\(two.title): throughput / one thread's", ratio, atLeast: 1.8))
    }
  }

  private mutating func judgeInstructions() {
    for row in instructions?.rows ?? [] {
      bars.append(BarReport("\(row.title): instructions", row.small, atMost: row.bar))
      bars.append(
        BarReport(
          "\(row.title): instructions at 2^20 frames / at 2^12", row.large / row.small, atMost: 1.1)
      )
    }
  }
}
